// Package catalog keeps what REST APIs there are; package definition says what they are
// made of.
//
// Whoever serves asks [Catalog.Serving] for an API and a stage and [Catalog.LogRole] for
// who writes its logs, and needs nothing else of this package. Records are shared by all readers: nobody may change what a method
// returns. A change by patch operations is made as a whole or not at all.
//
// AWS knows the actions of this service by the methods of its requests: who may PATCH
// "/restapis/ID/stages/NAME" may change that stage. [Catalog.Allow] asks so.
package catalog
