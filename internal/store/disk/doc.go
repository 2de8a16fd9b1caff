// Package disk keeps a store on disk with Pebble.
package disk

import _ "github.com/cockroachdb/pebble/v2"
