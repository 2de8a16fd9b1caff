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
// The language is that of Velocity 1.7, whose grammar this follows: what it prints of
// white space, what is true (all but false and what is not there), which values are
// equal, and that a reference to nothing stands in the output as it is written, unless
// it begins with $!. Values are Java's as far as templates can tell, with the methods of
// its strings, lists and maps that templates call. A method that Java has and this has not
// is an error; one that neither has is a reference to nothing.
//
// Where Velocity and AWS leave it open, this is what is chosen. Arguments of macros are
// passed by value. Arguments of methods may be any expression. A #foreach that would go
// round more than [MaxLoops] times, AWS's quota, is an error. #return, which is AppSync's,
// is no directive, and stays in the text as all words behind # do that are none. #include
// and #parse are refused.
//
// https://velocity.apache.org/engine/1.7/vtl-reference.html
package vtl
