package catalog

import (
	"strings"

	"github.com/dari-bus/dari/internal/access"
	"github.com/dari-bus/dari/internal/fault"
)

// Latest is the qualifier of the version that is not published.
const Latest = "$LATEST"

// NamePattern is what a function is named by, as AWS prints it.
const NamePattern = `(arn:(aws[a-zA-Z-]*)?:lambda:)?([a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\d{1}:)?(\d{12}:)?(function:)?([a-zA-Z0-9-_]+)(:(\$LATEST|[a-zA-Z0-9-_]+))?`

// An Address is a function, with a version or an alias of it.
type Address struct {
	access.Place
	Name string
	// Qualifier is a number, an alias, $LATEST, or "" when none was named.
	Qualifier string
}

// ARN is that of the function as it was named.
func (a Address) ARN() string {
	resource := "function:" + a.Name
	if a.Qualifier != "" {
		resource += ":" + a.Qualifier
	}
	return a.Place.ARN("lambda", resource).String()
}

// Whole is the function without a qualifier.
func (a Address) Whole() Address {
	a.Qualifier = ""
	return a
}

// With is the function with a qualifier.
func (a Address) With(qualifier string) Address {
	a.Qualifier = qualifier
	return a
}

// ParseAddress reads a function as callers name it: by its name, by an ARN, or by the
// last parts of one, each with a qualifier or without. A further qualifier must not
// say something else; "" is none.
func ParseAddress(by access.Place, text, qualifier string) (Address, error) {
	a := Address{Place: by}
	parts := strings.Split(text, ":")
	if len(parts) > 3 && parts[0] == "arn" {
		parts = parts[3:]
		if parts[0] != by.Region {
			return a, fault.NotFound("Functions from '%s' are not reachable in this region ('%s')", parts[0], by.Region)
		}
		parts = parts[1:]
	} else if len(parts) > 2 && parts[0] == by.Region && access.IsAccount(parts[1]) {
		parts = parts[1:]
	}
	if len(parts) > 1 && access.IsAccount(parts[0]) {
		a.Account = parts[0]
		parts = parts[1:]
	}
	if len(parts) > 1 && parts[0] == "function" {
		parts = parts[1:]
	}
	if len(parts) > 2 || parts[0] == "" {
		return a, fault.Invalid("%q names no function: give its name, or its ARN.", text)
	}
	a.Name = parts[0]
	if len(parts) == 2 {
		a.Qualifier = parts[1]
	}
	if qualifier != "" {
		if a.Qualifier != "" && a.Qualifier != qualifier {
			return a, fault.Invalid("The derived qualifier from the function name does not match the specified qualifier.")
		}
		a.Qualifier = qualifier
	}
	return a, nil
}

// isVersion says whether a qualifier is the number of a version.
func isVersion(qualifier string) bool {
	for i := range len(qualifier) {
		if c := qualifier[i]; c < '0' || c > '9' {
			return false
		}
	}
	return qualifier != ""
}
