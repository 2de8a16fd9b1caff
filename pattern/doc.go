// Package pattern compiles EventBridge event patterns and matches events with
// them.
package pattern
