package shape

import "net/http"

// An Error is what a client sees of a failure.
type Error struct {
	// Code is the error shape, such as "ResourceNotFoundException".
	Code string
	// QueryCode is the code in the query protocol where it differs, such as
	// "AWS.SimpleQueueService.NonExistentQueue".
	QueryCode string
	Message   string
	// QueryMessage is the sentence in the query protocol where it differs.
	QueryMessage string
	// Status is the HTTP status; 400 when zero.
	Status int
}

// Error returns the code and the sentence. A handler may return an *Error, which
// goes to the client as it is.
func (e *Error) Error() string { return e.Code + ": " + e.Message }

// StatusCode is the HTTP status of e.
func (e *Error) StatusCode() int {
	if e.Status == 0 {
		return http.StatusBadRequest
	}
	return e.Status
}

// Side says whose mistake e is, in the words of the query protocol.
func (e *Error) Side() string {
	if e.StatusCode() >= http.StatusInternalServerError {
		return "Receiver"
	}
	return "Sender"
}
