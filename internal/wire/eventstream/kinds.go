package eventstream

// InitialResponse is the name of the event that carries the output of an
// operation itself, before the events that it streams, in dialects that have no
// other place for it.
const InitialResponse = "initial-response"

// Event makes the message for an event called name, whose payload is of the media
// type contentType.
func Event(name, contentType string, payload []byte) *Message {
	return &Message{Payload: payload, Headers: []Header{
		{":message-type", "event"},
		{":event-type", name},
		{":content-type", contentType},
	}}
}

// Exception makes the message for an error that the stream's union has a member
// for, such as "SessionTimeoutException". The stream ends with it.
func Exception(name, contentType string, payload []byte) *Message {
	return &Message{Payload: payload, Headers: []Header{
		{":message-type", "exception"},
		{":exception-type", name},
		{":content-type", contentType},
	}}
}

// Failure makes the message for an error that the stream's union does not have.
// The stream ends with it.
func Failure(code, message string) *Message {
	return &Message{Headers: []Header{
		{":message-type", "error"},
		{":error-code", clip(code)},
		{":error-message", clip(message)},
	}}
}

// clip makes text short enough for a header.
func clip(text string) string {
	if len(text) <= maxValue {
		return text
	}
	end := maxValue
	for end > 0 && text[end]&0xc0 == 0x80 { // within a character
		end--
	}
	return text[:end]
}
