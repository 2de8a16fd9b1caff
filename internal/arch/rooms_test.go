package arch

import (
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestRoomsLookAlike holds the rooms to their model, which is
// internal/room/identity: the manual in doc.go, the room in files that know no
// wire, its door in api*.go, and one way in for each of the two. The door of a
// large room is a package of its own below it, as internal/room/queue/sqs is.
func TestRoomsLookAlike(t *testing.T) {
	found := map[string]*roomShape{}
	walk(t, "../..", func(pkg, file string) {
		name, ok := strings.CutPrefix(pkg, "internal/room/")
		if !ok {
			return
		}
		room, child, _ := strings.Cut(name, "/")
		if found[room] == nil {
			found[room] = &roomShape{}
		}
		f, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		found[room].itself = found[room].itself || child == ""
		base := filepath.Base(file)
		door := strings.HasPrefix(base, "api")
		for _, imp := range f.Imports {
			if strings.HasPrefix(strings.Trim(imp.Path.Value, `"`), module+"/internal/wire") && !door {
				t.Errorf("%s/%s imports wire: in a room only api*.go does", pkg, base)
			}
		}
		if !strings.HasSuffix(base, "_test.go") {
			found[room].look(f, room, child, base)
		}
	})
	if len(found) == 0 {
		t.Error("there are no rooms")
	}
	for name, room := range found {
		if !room.itself { // so far there are only packages of which it will be made
			continue
		}
		for what, ok := range map[string]bool{
			"has its manual, and nothing else, in doc.go":               room.manual,
			"has func Open(context.Context, Options) (*Service, error)": slices.Equal(room.open, []string{"context.Context", "Options", "*Service", "error"}),
			"has func API(*Service) *wire.Service in api.go":            slices.Equal(room.api, roomDoor),
			"calls a logger among its Options Log":                      !room.loggers,
		} {
			if !ok {
				t.Errorf("internal/room/%s is unlike the other rooms: each %s", name, what)
			}
		}
	}
}

// roomDoor are the parameters and results of a room's API.
var roomDoor = []string{"*Service", "*wire.Service"}

// A roomShape is what a room shows to those who open it.
type roomShape struct {
	itself          bool // there are files that are not of a child
	manual, loggers bool
	open, api       []string // parameters and results
}

// look takes in one file of the room, or of a child of it, which may be its door.
func (r *roomShape) look(f *ast.File, room, child, base string) {
	if child != "" && base != "api.go" {
		return
	}
	if base == "doc.go" {
		r.manual = f.Doc != nil && len(f.Decls) == 0
	}
	for _, d := range f.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			switch {
			case d.Recv == nil && d.Name.Name == "Open":
				r.open = signature(d.Type)
			case d.Recv == nil && d.Name.Name == "API" && base == "api.go":
				door := signature(d.Type)
				if child != "" && len(door) > 0 && door[0] == "*"+room+".Service" {
					door[0] = "*Service"
				}
				if child == "" || slices.Equal(door, roomDoor) {
					r.api = door
				}
			}
		case *ast.GenDecl:
			for _, spec := range d.Specs {
				if s, ok := spec.(*ast.TypeSpec); ok && s.Name.Name == "Options" {
					r.loggers = hasLogger(s.Type)
				}
			}
		}
	}
}

func signature(f *ast.FuncType) (all []string) {
	for _, list := range []*ast.FieldList{f.Params, f.Results} {
		if list == nil {
			continue
		}
		for _, field := range list.List {
			for range max(1, len(field.Names)) {
				all = append(all, types.ExprString(field.Type))
			}
		}
	}
	return all
}

// hasLogger reports a logger among options by another name than Log.
func hasLogger(options ast.Expr) bool {
	s, ok := options.(*ast.StructType)
	return ok && slices.ContainsFunc(s.Fields.List, func(f *ast.Field) bool {
		return types.ExprString(f.Type) == "*slog.Logger" && (len(f.Names) != 1 || f.Names[0].Name != "Log")
	})
}
