package main

import (
	"encoding/json"
	"strings"
)

// translate writes a rule in quamina's language, where that can say it:
// wildcard is called shellstyle there, and a suffix is one of these.
// Ranges, ignoring case at an end, and anything-but other than lists of
// strings it has not. Plain numbers, the rest of its operators and several
// alternatives without an operator are the same.
func translate(rule string) (string, bool) {
	var tree map[string]any
	d := json.NewDecoder(strings.NewReader(rule))
	d.UseNumber()
	if d.Decode(&tree) != nil {
		return "", false
	}
	if !translateObject(tree) {
		return "", false
	}
	text, err := json.Marshal(tree)
	return string(text), err == nil
}

func translateObject(tree map[string]any) bool {
	for name, x := range tree {
		switch x := x.(type) {
		case map[string]any:
			if !translateObject(x) {
				return false
			}
		case []any:
			if name == "$or" || !translateList(x) {
				return false
			}
		}
	}
	return true
}

func translateList(list []any) bool {
	for i, x := range list {
		op, ok := x.(map[string]any)
		if !ok {
			continue
		}
		for name, operand := range op {
			switch name {
			case "prefix", "equals-ignore-case":
				if _, ok := operand.(string); !ok {
					return false
				}
			case "exists":
				if len(list) > 1 {
					return false
				}
			case "wildcard":
				list[i] = map[string]any{"shellstyle": operand}
			case "suffix":
				s, ok := operand.(string)
				if !ok {
					return false
				}
				list[i] = map[string]any{"shellstyle": "*" + s}
			case "anything-but":
				switch operand := operand.(type) {
				case string:
					list[i] = map[string]any{"anything-but": []any{operand}}
				case []any:
				default:
					return false
				}
				if len(list) > 1 {
					return false
				}
			default:
				return false
			}
		}
	}
	return true
}
