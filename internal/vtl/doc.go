// Package vtl is the Velocity Template Language, as API Gateway has it for mapping
// templates: texts in which references, directives and comments stand.
//
//	#set($root = $input.path('$'))
//	[#foreach($pet in $root.pets){"name": "$pet.name"}#if($foreach.hasNext),#end
//	#end]
//
// A template is compiled once; it changes nothing and may be run by many goroutines at
// once. It is built to be given to strangers, as what it is run on: a template has a
// length and a depth, and a run a bound on its steps, on what it writes and on what it
// makes. An [Error] has the line and the column.
//
// The language is that of Velocity 1.7, whose grammar this follows, as API Gateway has it:
// what it prints of white space, what is true, which values are equal. A reference that
// leads to nothing is an empty text, wherever it stands; so it is true, as all is but
// false. Macros may be defined and there are none: what would call one, as #return, which
// is AppSync's, #evaluate and all words behind # that are no directives, stays in the text
// as it is written. Values are Java's as far as templates can tell, with the methods of its
// strings, lists and maps that templates call. A method that Java has and this has not is
// an error; one that neither has leads to nothing.
//
// Where recordings of AWS and Velocity leave it open, this is what is chosen. Arguments of
// methods, indexes and elements may be any expressions, and null is a word for nothing. A
// #foreach that would go round more than [MaxLoops] times, AWS's quota, is an error.
// #include and #parse are refused.
//
// https://velocity.apache.org/engine/1.7/vtl-reference.html
package vtl
