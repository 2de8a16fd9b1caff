package eventstream

import (
	"fmt"
	"reflect"
	"testing"

	"github.com/dari-bus/dari/internal/wire/shape"
)

type word struct{ Text string }

type plain struct{ Text, Other string }

type bytesEvent struct {
	Payload []byte `rest:"payload"`
}

type textEvent struct {
	Payload *string `rest:"payload"`
}

type wordEvent struct {
	Payload *word `rest:"payload"`
}

type union struct {
	Plain *plain
	Bytes *bytesEvent `json:"bytes"`
	Text  *textEvent
	Word  *wordEvent
}

func TestAnEventIsTheMemberThatIsSet(t *testing.T) {
	s, err := shape.NewCompiler(nil).Compile(reflect.TypeFor[union]())
	if err != nil {
		t.Fatal(err)
	}
	write := func(b []byte, v reflect.Value, s *shape.Shape) ([]byte, error) {
		return fmt.Appendf(b, "%s %+v", s.Type.Name(), reflect.Indirect(v)), nil
	}
	text := "t"
	for _, c := range []struct {
		event union
		want  string
	}{
		{union{Plain: &plain{"a", "b"}}, "Plain type plain {Text:a Other:b}"},
		{union{Bytes: &bytesEvent{[]byte("x")}}, "bytes application/octet-stream x"},
		{union{Text: &textEvent{&text}}, "Text text/plain t"},
		{union{Text: &textEvent{}}, "Text type "},
		{union{Word: &wordEvent{&word{"w"}}}, "Word type word {Text:w}"},
	} {
		m, err := Of(reflect.ValueOf(c.event), s, "type", write)
		if err != nil {
			t.Fatal(err)
		}
		if got := fmt.Sprintf("%s %s %s", m.Headers[1].Value, m.Headers[2].Value, m.Payload); got != c.want {
			t.Errorf("got %s, want %s", got, c.want)
		}
	}
	if _, err := Of(reflect.ValueOf(union{}), s, "type", write); err == nil {
		t.Error("an event of no kind is made")
	}
}
