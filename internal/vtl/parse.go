package vtl

import (
	"fmt"
	"slices"
	"strings"
)

// A Template is a compiled template.
type Template struct {
	source string
	nodes  []node
}

// A parser reads a template from its front.
type parser struct{ scanner }

// Compile reads a template. An error is an [*Error]. What is compiled may have eighty times
// the bytes of its source.
func Compile(source string) (*Template, error) {
	if len(source) > MaxLength {
		return nil, &Error{1, 1, fmt.Sprintf("the template has %d bytes, and may have %d", len(source), MaxLength)}
	}
	p := &parser{scanner{src: source}}
	nodes := p.whole()
	if p.err != nil {
		return nil, errorAt(source, p.err.at, p.err.message)
	}
	return &Template{source, nodes}, nil
}

// whole reads all there is.
func (p *parser) whole() []node {
	nodes, end := p.nodes()
	if end != "" {
		p.fail(p.at, "#%s belongs to no directive before it", end)
	}
	return nodes
}

// nodes reads up to the #end, #else or #elseif that it returns, and over it.
func (p *parser) nodes() (out []node, end string) {
	if !p.deeper() {
		return nil, ""
	}
	defer p.higher()
	start := p.at // of the text that was not taken yet
	take := func(end int) {
		if end > start {
			out = append(out, text(p.src[start:end]))
		}
	}
	for p.err == nil {
		i := strings.IndexAny(p.rest(), `$#\`)
		if i < 0 {
			p.at = len(p.src)
			break
		}
		p.at += i
		at := p.at
		for p.peek() == '\\' {
			p.at++
		}
		slashes := p.at - at
		switch p.peek() {
		case '$':
			ref := p.reference()
			if ref == nil {
				p.at++
				continue
			}
			take(at)
			ref.slashes = p.src[at : at+slashes]
			out = append(out, ref)
		case '#':
			if name, length := directive(p.rest()); slashes > 0 && slices.Contains(directives, name) {
				take(at + slashes/2)
				start = p.at
				if slashes%2 == 1 { // it is only said
					p.at += length
					continue
				}
			}
			at = p.at
			n, end, ok := p.hash()
			if !ok {
				p.at = at + 1
				continue
			}
			if _, isSet := n.(*set); !isSet || strings.Trim(p.src[start:at], " \t") != "" {
				take(at) // but the blanks between another directive and #set
			}
			if end != "" {
				return out, end
			}
			if n != nil {
				out = append(out, n)
			}
		default: // backslashes before nothing
			continue
		}
		start = p.at
	}
	take(p.at)
	return out, ""
}

// directives are those that the language has.
var directives = []string{"break", "define", "else", "elseif", "end", "foreach", "if", "include", "macro", "parse", "set", "stop"}

// hash reads what begins with #: a comment or a directive, of which there may be no node
// to render, or one of those that end nodes. It is not ok for what is text.
func (p *parser) hash() (n node, end string, ok bool) {
	rest := p.rest()
	switch {
	case strings.HasPrefix(rest, "##"):
		i := strings.IndexAny(rest, "\r\n")
		if i < 0 {
			p.at = len(p.src)
			return nil, "", true
		}
		p.at += i
		p.gobble()
		return nil, "", true
	case strings.HasPrefix(rest, "#*"):
		p.within("#*", "*#")
		return nil, "", true
	case strings.HasPrefix(rest, "#[["):
		return text(p.within("#[[", "]]#")), "", true
	}
	at := p.at
	name, length := directive(rest)
	p.at += length
	switch name {
	case "":
		return nil, "", false
	case "end", "else":
		p.gobble()
		return nil, name, true
	case "elseif":
		return nil, name, true
	case "set":
		p.at += len(p.rest()) - len(strings.TrimLeft(p.rest(), " "))
		if !p.take("(") {
			return nil, "", false
		}
		return p.assignment(), "", true
	case "if":
		return p.condition(), "", true
	case "break":
		return breaking{}, "", true
	case "stop":
		return stopping{}, "", true
	}
	if !p.opens() {
		if name == "macro" {
			p.fail(at, "#macro needs a name in parentheses, such as #macro(name $argument)")
		}
		return nil, "", false
	}
	return p.withArguments(name, at)
}

// within reads what stands between two marks, of which the first comes.
func (p *parser) within(from, to string) string {
	inner, _, ok := strings.Cut(p.rest()[len(from):], to)
	if !ok {
		p.fail(p.at, "%s is never ended by %s", from, to)
		return ""
	}
	p.at += len(from) + len(inner) + len(to)
	return inner
}

// opens goes over a parenthesis and the blanks before it, if one comes.
func (p *parser) opens() bool {
	at := p.at
	p.blanks()
	if p.take("(") {
		return true
	}
	p.at = at
	return false
}

// withArguments reads a directive behind its parenthesis.
func (p *parser) withArguments(name string, at int) (n node, end string, ok bool) {
	switch name {
	case "foreach":
		return p.loop(), "", true
	case "define":
		return p.definition(), "", true
	case "macro":
		p.macro()
		return nil, "", true
	case "include", "parse":
		p.fail(at, "#%s is not offered: there are no other templates to read", name)
		return nil, "", true
	}
	n, ok = p.unknown(at)
	return n, "", ok
}

// closes goes over the parenthesis behind a directive, and the rest of its line if that
// is empty.
func (p *parser) closes(name string) {
	if p.want(")", "behind the arguments of "+name) {
		p.gobble()
	}
}

// body reads the nodes of a directive up to its #end.
func (p *parser) body(name string) []node {
	at := p.at
	nodes, end := p.nodes()
	switch {
	case end == "" && p.err == nil:
		p.fail(at, "#%s is never ended by #end", name)
	case end != "end":
		p.fail(p.at, "#%s stands in #%s: it belongs to #if", end, name)
	}
	return nodes
}

func (p *parser) assignment() node {
	p.blanks()
	at := p.at
	s := &set{to: p.reference()}
	if s.to == nil || s.to.endsInCall() {
		p.fail(at, "#set expected what to set, such as $name or $map.name, not %s", p.seen())
		return s
	}
	if p.blanks(); p.err == nil && (p.ahead(1) == '=' || !p.take("=")) {
		p.fail(p.at, "#set expected = behind %s, not %s", s.to.source, p.seen())
	}
	s.value = p.expression()
	p.closes("#set")
	return s
}

func (p *parser) condition() node {
	n := &conditional{}
	for name := "if"; ; {
		if !p.opens() {
			p.fail(p.at, "#%s expected a condition in parentheses, not %s", name, p.seen())
		}
		b := branch{when: p.expression()}
		p.closes("#" + name)
		at := p.at
		b.nodes, name = p.nodes()
		if n.branches = append(n.branches, b); name == "else" {
			n.otherwise = p.body("else")
			return n
		}
		if name == "" {
			p.fail(at, "#if is never ended by #end")
		}
		if name == "end" || p.err != nil {
			return n
		}
	}
}

func (p *parser) loop() node {
	n := &loop{at: p.base + p.at}
	n.name = p.variable("#foreach")
	p.blanks()
	if at := p.at; p.err == nil && p.word() != "in" {
		p.at = at
		p.fail(at, "#foreach expected in behind its variable, as in #foreach($item in $list), not %s", p.seen())
	}
	n.of = p.expression()
	p.closes("#foreach")
	n.nodes = p.body("foreach")
	return n
}

func (p *parser) definition() node {
	n := &definition{name: p.variable("#define")}
	p.closes("#define")
	n.nodes = p.body("define")
	return n
}

// variable reads a reference that is nothing but a name.
func (p *parser) variable(where string) string {
	p.blanks()
	at := p.at
	ref := p.reference()
	if ref == nil || len(ref.steps) > 0 {
		p.fail(at, "%s expected a variable, such as $item, not %s", where, p.seen())
		return ""
	}
	return ref.root
}

// macro reads a definition. API Gateway takes them and has no macros: what calls one stays
// as it is written.
func (p *parser) macro() {
	p.blanks()
	if name := p.word(); name == "" {
		p.fail(p.at, "#macro expected a name, not %s", p.seen())
	} else if slices.Contains(directives, name) {
		p.fail(p.at-len(name), "#macro cannot be named %s, which is a directive", name)
	}
	for p.separator(); p.err == nil && p.peek() == '$'; p.separator() {
		p.variable("#macro")
	}
	p.closes("#macro")
	p.body("macro")
}

// separator goes over what stands between arguments: blanks, and a comma or none.
func (p *parser) separator() {
	p.blanks()
	p.take(",")
	p.blanks()
}

// unknown reads the arguments of a word behind # that is no directive. All of it is text,
// and so are the references in it. If they are no arguments, only the word is.
func (p *parser) unknown(at int) (node, bool) {
	for p.separator(); p.err == nil && p.peek() != ')'; p.separator() {
		if !strings.ContainsRune(`$"'[{-.`, rune(p.peek())) && !isDigit(p.peek()) && !p.truth() {
			return nil, false
		}
		p.primary()
	}
	if p.at == len(p.src) && p.err == nil {
		return nil, false
	}
	p.closes(p.src[at:p.at])
	return text(p.src[at:p.at]), true
}
