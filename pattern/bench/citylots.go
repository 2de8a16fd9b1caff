package main

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// readLots returns the events of a file in quamina's testdata, one a line.
func readLots(name string) ([][]byte, error) {
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "quamina.net/go/quamina").Output()
	if err != nil {
		return nil, fmt.Errorf("find quamina's module: %w", err)
	}
	f, err := os.Open(filepath.Join(strings.TrimSpace(string(out)), "testdata", name))
	if err != nil {
		return nil, err
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		return nil, err
	}
	text, err := io.ReadAll(z)
	if err != nil {
		return nil, err
	}
	return bytes.Split(bytes.TrimSpace(text), []byte("\n")), nil
}

// A set is five rules that use one operator.
type set struct {
	name  string
	rules []string
}

// lot returns rules on one field of the properties.
func lot(field string, alternatives ...string) []string {
	var rules []string
	for _, a := range alternatives {
		rules = append(rules, fmt.Sprintf(`{"properties":{"%s":[%s]}}`, field, a))
	}
	return rules
}

func with(operator string, operands ...string) []string {
	var out []string
	for _, o := range operands {
		out = append(out, fmt.Sprintf(`{"%s":%s}`, operator, o))
	}
	return out
}

func within(outer, operator string, operands ...string) []string {
	return with(outer, with(operator, operands...)...)
}

// sets are the shapes in which matchers of this kind are commonly measured.
func sets() []set {
	var (
		exact = lot("MAPBLKLOT", `"0306026"`, `"3745012"`, `"8702011"`, `"0762026"`, `"3719020"`)
		wild  = lot("MAPBLKLOT", with("wildcard", `"372*02"`, `"*T001"`, `"49*1*8"`, `"0*77"`, `"*99*01"`)...)
		heads = lot("STREET", with("prefix", `"MA"`, `"MISS"`, `"C"`, `"UNKN"`, `"18T"`)...)
		lower = lot("STREET", within("prefix", "equals-ignore-case", `"mi"`, `"fUl"`, `"h"`, `"Cali"`, `"23r"`)...)
		tails = lot("STREET", with("suffix", `"ON"`, `"TH"`, `"ORNIA"`, `"E"`, `"KNOWN"`)...)
		ends  = lot("STREET", within("suffix", "equals-ignore-case", `"son"`, `"rd"`, `"Pine"`, `"o"`, `"Ton"`)...)
		cases = lot("STREET", with("equals-ignore-case", `"mason"`, `"Fulton"`, `"hyDe"`, `"19th"`, `"cAlIfOrNiA"`)...)
		nums  = []string{
			`{"geometry":{"firstCoordinates":{"x":[{"numeric":["=",-122.42200352825247]}]}}}`,
			`{"geometry":{"firstCoordinates":{"x":[{"numeric":[">",-122.43,"<=",-122.42]}]}}}`,
			`{"geometry":{"firstCoordinates":{"y":[{"numeric":["<",37.71]}]}}}`,
			`{"geometry":{"firstCoordinates":{"y":[37.80848009696725]}}}`,
			`{"geometry":{"firstCoordinates":{"z":[{"numeric":[">",0]}]}}}`,
		}
		buts      = lot("STREET", with("anything-but", `["MISSION"]`, `["MASON","PINE"]`, `["HYDE","FULTON","UNKNOWN"]`, `["17TH"]`, `["23RD","CALIFORNIA"]`)...)
		butsCase  = lot("STREET", within("anything-but", "equals-ignore-case", `["mission"]`, `["Mason","pine"]`, `"hyde"`, `["fulTON"]`, `["18th","19th"]`)...)
		butsHead  = lot("STREET", within("anything-but", "prefix", `"M"`, `"CAL"`, `"1"`, `["A","B","C"]`, `"UNK"`)...)
		butsTail  = lot("STREET", within("anything-but", "suffix", `"ON"`, `"E"`, `"TH"`, `["A","O"]`, `"RD"`)...)
		butsWild  = lot("STREET", within("anything-but", "wildcard", `"*SS*"`, `"M*N"`, `"1*"`, `["*A*A*","*O*O*"]`, `"C*IA"`)...)
		coords    = coordinates()
		kinds     = []string{`{"geometry":{"type":["MultiPolygon"]}}`, `{"geometry":{"type":[{"prefix":"Mul"}]},"properties":{"ODD_EVEN":["E"]}}`}
		street    = lot("ST_TYPE", `"HWY"`, `null`, `{"exists":false}`)
		allSimple = concat(exact, wild, heads, tails, cases, nums, buts)
	)
	return []set{
		{"exact", exact}, {"wildcard", wild},
		{"prefix", heads}, {"prefix, ignoring case", lower}, {"suffix", tails}, {"suffix, ignoring case", ends},
		{"equals-ignore-case", cases}, {"numeric", nums},
		{"anything-but", buts}, {"anything-but, ignoring case", butsCase}, {"anything-but prefix", butsHead},
		{"anything-but suffix", butsTail}, {"anything-but wildcard", butsWild},
		{"arrays of coordinates", coords},
		{"combination of 40", concat(allSimple, kinds, street)},
		{"combination of 45", concat(allSimple, kinds, street, coords)},
	}
}

// coordinates are rules on fields that must hold of one element of an array in
// an array.
func coordinates() []string {
	return []string{
		`{"geometry":{"type":["Polygon"],"coordinates":{"z":[{"numeric":["=",0]}]}},"properties":{"STREET":["MASON"]}}`,
		`{"geometry":{"coordinates":{"x":[{"numeric":["<",-122.51]}],"y":[{"numeric":[">",37.78]}]}}}`,
		`{"geometry":{"coordinates":{"x":[{"numeric":["=",-122.42200352825247]}],"y":[{"numeric":["=",37.80848009696725]}],"z":[0]}}}`,
		`{"geometry":{"coordinates":{"x":[-122.42207601332528],"y":[37.80848009696725]}}}`,
		`{"geometry":{"coordinates":{"x":[{"numeric":[">",-122.40,"<",-122.39]}],"y":[{"numeric":["<",37.71]}],"z":[{"anything-but":[1]}]}}}`,
	}
}

func concat(lists ...[]string) []string {
	var out []string
	for _, l := range lists {
		out = append(out, l...)
	}
	return out
}

func cityLots() error {
	events, err := readLots("citylots2.json.gz")
	if err != nil {
		return err
	}
	header(fmt.Sprintf("City lots, %d events of %d bytes on average", len(events), total(events)/len(events)))
	for _, s := range sets() {
		if _, err := (workload{s.name, s.rules, events, true}).run(); err != nil {
			return err
		}
	}
	lines, err := readLots("citylots.jlines.gz")
	if err != nil {
		return err
	}
	header(fmt.Sprintf("City lots with plain coordinates and white space, %d events of %d bytes on average", len(lines), total(lines)/len(lines)))
	_, err = workload{"street, street and side, coordinate, lot", []string{
		`{"properties":{"STREET":["LOMBARD"]}}`,
		`{"properties":{"STREET":["19TH"],"ODD_EVEN":["O"]}}`,
		`{"geometry":{"coordinates":[37.80848009696725]}}`,
		`{"properties":{"MAPBLKLOT":["0011008"],"BLKLOT":["0011008"]},"geometry":{"coordinates":[37.807807921694092]}}`,
	}, lines, true}.run()
	summary()
	return err
}

func total(events [][]byte) int {
	n := 0
	for _, e := range events {
		n += len(e)
	}
	return n
}
