// Package catalog keeps what functions there are: their settings, versions and aliases,
// who may invoke them, what becomes of asynchronous events, and layers.
//
// A version is a function as it was when it was published, and never changes; $LATEST
// is the function as it is. An alias leads to a version, or to two by weight. What a
// version runs with is found by [Catalog.Find], for an [Address].
//
// A change takes effect at once: there is nothing to wait for, so that the states in
// which AWS says that a function is still being made or updated are only ever in the
// answer to the change itself.
package catalog
