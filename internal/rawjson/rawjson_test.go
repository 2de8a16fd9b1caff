package rawjson

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// tree makes of a value what encoding/json makes of it.
func tree(v Value) any {
	switch v.Kind() {
	case Object:
		out := map[string]any{}
		for name, inner := range v.Members() {
			out[string(name)] = tree(inner)
		}
		return out
	case List:
		out := []any{}
		for inner := range v.Elements() {
			out = append(out, tree(inner))
		}
		return out
	case String:
		return string(v.Text())
	case Number:
		return json.Number(v.Raw())
	case True, False:
		return v.Kind() == True
	}
	return nil
}

// What is seen of a text is what encoding/json makes of it.
func FuzzValuesAreThoseOfEncodingJSON(f *testing.F) {
	f.Add(` {"a" : [1,-2.5e3 , "x\"]\\",{}, [] ,null,true,false] ,"b":{"c":"é\u00e9 \xff","c":0}}` + "\n")
	f.Add("7")
	f.Add(` "a" `)
	f.Add("[]]")
	f.Fuzz(func(t *testing.T, text string) {
		d := json.NewDecoder(strings.NewReader(text))
		d.UseNumber()
		var want any
		valid := json.Valid([]byte(text))
		v, ok := Of([]byte(text))
		if ok != valid {
			t.Fatalf("%q: %v", text, ok)
		}
		if !ok {
			return
		}
		if err := d.Decode(&want); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, tree(v)); diff != "" {
			t.Errorf("%q: %s", text, diff)
		}
	})
}

func TestMembersAndElementsAreFound(t *testing.T) {
	v, _ := Of([]byte(`{"a":[10,{"b":1,"b":2}],"\u0063":"d"}`))
	a, _ := v.Member("a")
	one, _ := a.Element(1)
	if b, ok := one.Member("b"); !ok || string(b.Raw()) != "2" {
		t.Errorf("the last b is %s", b.Raw())
	}
	if c, ok := v.Member("c"); !ok || string(c.Text()) != "d" {
		t.Error("a name with an escape is not found")
	}
	if _, ok := a.Element(2); ok {
		t.Error("there is a third element")
	}
	if _, ok := a.Member("a"); ok {
		t.Error("a list has a member")
	}
}

// Looking takes no memory, however much a tree would take.
func TestALookMakesNothing(t *testing.T) {
	text := []byte(`{"a":[` + strings.Repeat(`{"":0},`, 1000) + `{"b":"c"}]}`)
	v, _ := Of(text)
	n := testing.AllocsPerRun(10, func() {
		a, _ := v.Member("a")
		last, _ := a.Element(1000)
		if b, _ := last.Member("b"); string(b.Text()) != "c" {
			t.Fatal("it is not there")
		}
	})
	if n > 0 {
		t.Errorf("%v allocations", n)
	}
}
