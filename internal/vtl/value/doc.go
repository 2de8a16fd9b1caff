// Package value has the values of templates, which are Java's as far as templates can
// tell: what they print, which are equal, what is calculated of them, and their methods.
// A [Run] counts what is made and written, and ends what takes too much.
package value
