// Package app is the roof: it opens the store and every room, joins them, and
// serves them on one port. It is the only package that knows them all, and it
// decides nothing itself.
package app
