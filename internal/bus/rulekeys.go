package bus

import (
	"bytes"
	"encoding/json"

	"github.com/dari-bus/dari/internal/target"
)

// patternKeys are the condition keys that a pattern gives a call of PutRule: what
// it wants of the source, the detail type and the fields of the detail, as
// "events:source", "events:detail-type" and "events:detail.service". A value that
// is a matcher, and a $or beside which a field means less than it says, stand
// there as their JSON: equal to nothing that a policy could name.
// https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-conditions.html
func patternKeys(pattern string, keys map[string][]string) {
	top := fields([]byte(pattern))
	for _, f := range top {
		switch f.name {
		case "source", "detail-type":
			keys["events:"+f.name] = append(keys["events:"+f.name], elements(f.value)...)
		case "detail":
			detailKeys("events:detail", f.value, keys)
		case "$or":
			for _, name := range []string{"events:source", "events:detail-type", "events:detail"} {
				keys[name] = append(keys[name], string(f.value))
			}
		}
	}
}

func detailKeys(path string, value json.RawMessage, keys map[string][]string) {
	if value[0] != '{' {
		keys[path] = append(keys[path], elements(value)...)
		return
	}
	for _, f := range fields(value) {
		detailKeys(path+"."+f.name, f.value, keys)
	}
}

// targetKeys are the condition keys that targets give a call of PutTargets.
func targetKeys(targets []target.Target, keys map[string][]string) {
	for i := range targets {
		keys["events:TargetArn"] = append(keys["events:TargetArn"], targets[i].ARN)
	}
}

// A field is one member of an object; a name may come twice.
type field struct {
	name  string
	value json.RawMessage
}

// fields reads an object of a pattern, which has been compiled and so is one.
func fields(object []byte) []field {
	d := json.NewDecoder(bytes.NewReader(object))
	var all []field
	_, err := d.Token()
	for err == nil && d.More() {
		var name json.Token
		if name, err = d.Token(); err != nil {
			break
		}
		f := field{name: name.(string)}
		if err = d.Decode(&f.value); err == nil {
			all = append(all, f)
		}
	}
	return all
}

// elements are the texts of an array, and what is no text as it is written.
func elements(array json.RawMessage) []string {
	var all []json.RawMessage
	if json.Unmarshal(array, &all) != nil {
		return []string{string(array)}
	}
	texts := make([]string, len(all))
	for i, raw := range all {
		if json.Unmarshal(raw, &texts[i]) != nil || raw[0] != '"' {
			texts[i] = string(raw)
		}
	}
	return texts
}
