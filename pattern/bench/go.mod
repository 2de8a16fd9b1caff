module github.com/dari-bus/dari/pattern/bench

go 1.26.0

require (
	github.com/dari-bus/dari v0.0.0
	quamina.net/go/quamina v1.3.0
)

replace (
	github.com/dari-bus/dari => ../..
	quamina.net/go/quamina => github.com/timbray/quamina v1.3.0
)
