package awsquery

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"net/url"
	"reflect"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/dari-bus/dari/internal/wire/shape"
)

// form types in the two styles of the query protocol: SQS flattens its lists
// and maps, SNS and IAM do not.
type sendMessageBatch struct {
	QueueUrl       *string              `query:",url"`
	Entries        []batchEntry         `json:",omitempty" query:"SendMessageBatchRequestEntry,flat"`
	AttributeNames []string             `json:",omitempty" query:"AttributeName,flat"`
	Attributes     map[string]string    `json:",omitempty" query:"Attribute,flat,key=Name,value=Value"`
	Tags           map[string]string    `json:",omitempty" query:"Tag,flat,key=Key,value=Value"`
	Message        map[string]attribute `json:",omitempty" query:"MessageAttribute,flat,key=Name,value=Value"`
}

type batchEntry struct {
	Id           *string
	DelaySeconds *int
	Message      map[string]attribute `json:",omitempty" query:"MessageAttribute,flat,key=Name,value=Value"`
}

type attribute struct {
	DataType    *string
	StringValue *string
	BinaryValue []byte   `json:",omitempty"`
	Strings     []string `json:",omitempty" query:"StringListValue,flat"`
}

type createTopic struct {
	Name       *string
	Attributes map[string]string `json:",omitempty"`
	Tags       []tag             `json:",omitempty"`
	Names      []string          `json:",omitempty" query:",member=Item"`
	Matrix     [][]string        `json:",omitempty"`
	When       *shape.Time
	Flag       *bool
	Ratio      *float64
	Owner      *tag
}

type tag struct{ Key, Value *string }

func decodeForm[T any](t testing.TB, form string) (T, error) {
	t.Helper()
	var in T
	types := shape.NewCompiler(nil)
	s, err := types.Compile(reflect.TypeFor[T]())
	if err != nil {
		t.Fatal(err)
	}
	values, err := url.ParseQuery(form)
	if err != nil {
		t.Fatal(err)
	}
	return in, Read(values, s, reflect.ValueOf(&in).Elem())
}

func TestFlatFormsBecomeTheInput(t *testing.T) {
	got, err := decodeForm[sendMessageBatch](t, "Action=SendMessageBatch&Version=2012-11-05&QueueUrl=http%3A%2F%2Fh%2F1%2Fq"+
		"&SendMessageBatchRequestEntry.2.Id=b&SendMessageBatchRequestEntry.1.Id=a&SendMessageBatchRequestEntry.1.DelaySeconds=5"+
		"&SendMessageBatchRequestEntry.1.MessageAttribute.1.Name=n&SendMessageBatchRequestEntry.1.MessageAttribute.1.Value.DataType=Binary"+
		"&SendMessageBatchRequestEntry.1.MessageAttribute.1.Value.BinaryValue=AP8%3D"+
		"&AttributeName.1=All&AttributeName.10=j&AttributeName.2=b&AttributeName.x=ignored"+
		"&Attribute.1.Name=Policy&Attribute.1.Value=%7B%7D&Attribute.2.Name=Empty&Attribute.2.Value=&Attribute.3.Name=None"+
		"&Tag.1.Key=k&Tag.1.Value=v&MessageAttribute.1.Name=s&MessageAttribute.1.Value.StringValue=a+b%20c"+
		"&MessageAttribute.1.Value.StringListValue.1=x&MessageAttribute.1.Value.StringListValue.2=y")
	if err != nil {
		t.Fatal(err)
	}
	want := sendMessageBatch{
		QueueUrl: ptr("http://h/1/q"),
		Entries: []batchEntry{
			{Id: ptr("a"), DelaySeconds: ptr(5), Message: map[string]attribute{"n": {DataType: ptr("Binary"), BinaryValue: []byte{0, 255}}}},
			{Id: ptr("b")},
		},
		AttributeNames: []string{"All", "b", "j"},
		Attributes:     map[string]string{"Policy": "{}", "Empty": "", "None": ""},
		Tags:           map[string]string{"k": "v"},
		Message:        map[string]attribute{"s": {StringValue: ptr("a b c"), Strings: []string{"x", "y"}}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestFormsWithMembersBecomeTheInput(t *testing.T) {
	got, err := decodeForm[createTopic](t, "Name=t&Attributes.entry.1.key=DisplayName&Attributes.entry.1.value=d"+
		"&Tags.member.1.Key=k&Tags.member.1.Value=v&Tags.member.2.Key=l&Names.Item.1=x&Matrix.member.1.member.1=m"+
		"&When=2023-11-14T22%3A13%3A20Z&Flag=TRUE&Ratio=1.5&Owner.Key=o&Unknown.1=u")
	if err != nil {
		t.Fatal(err)
	}
	want := createTopic{
		Name: ptr("t"), Attributes: map[string]string{"DisplayName": "d"},
		Tags:  []tag{{Key: ptr("k"), Value: ptr("v")}, {Key: ptr("l")}},
		Names: []string{"x"}, Matrix: [][]string{{"m"}}, When: ptr(shape.At(time.Unix(1700000000, 0).UTC())), Flag: ptr(true), Ratio: ptr(1.5),
		Owner: &tag{Key: ptr("o")},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestAListWithoutNumbersIsEmptyOrOfOne(t *testing.T) {
	got, err := decodeForm[sendMessageBatch](t, "AttributeName=All&SendMessageBatchRequestEntry=")
	if err != nil {
		t.Fatal(err)
	}
	want := sendMessageBatch{AttributeNames: []string{"All"}, Entries: []batchEntry{}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestWrongParametersAreNamed(t *testing.T) {
	for form, want := range map[string]string{
		"SendMessageBatchRequestEntry.1.DelaySeconds=soon":                 `SendMessageBatchRequestEntry.1.DelaySeconds: expected an integer, found "soon".`,
		"SendMessageBatchRequestEntry.1.DelaySeconds.x=1":                  "SendMessageBatchRequestEntry.1.DelaySeconds: expected an integer, found a name with further parts.",
		"MessageAttribute.1.Name=n&MessageAttribute.1.Value.BinaryValue=?": `MessageAttribute.1.Value.BinaryValue: expected bytes in base64, found "?".`,
		"Attribute.1.Value=v": "Attribute.1: expected a Name and a Value, found no Name.",
	} {
		_, err := decodeForm[sendMessageBatch](t, form)
		if e, ok := errors.AsType[*shape.Error](err); !ok || e.QueryCode != "InvalidParameterValue" || e.Message != want {
			t.Errorf("%s:\n got %v\nwant %s", form, err, want)
		}
	}
	for _, form := range []string{"When=soon", "Flag=maybe", "Ratio=x", "Owner=x.y&Owner.Key.z=1"} {
		if got, err := decodeForm[createTopic](t, form); err == nil {
			t.Errorf("%s: got %+v, want an error", form, got)
		}
	}
	deep := "a" + string(bytes.Repeat([]byte(".a"), maxFormDepth)) + "=1"
	if _, err := decodeForm[createTopic](t, deep); err == nil {
		t.Error("want an error for a name with too many parts")
	}
}

func toXML(t testing.TB, out any) string {
	t.Helper()
	types := shape.NewCompiler(nil)
	s, err := types.Compile(reflect.TypeOf(out))
	if err != nil {
		t.Fatal(err)
	}
	b, err := Append(nil, reflect.ValueOf(out), s)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestOutputsBecomeXML(t *testing.T) {
	flat := toXML(t, sendMessageBatch{
		Entries:        []batchEntry{{Id: ptr("a"), DelaySeconds: ptr(1)}, {Id: ptr("b")}},
		AttributeNames: []string{"x", "y"}, Attributes: map[string]string{"n": "v", "m": "w"},
		Message: map[string]attribute{"k": {BinaryValue: []byte{0, 255}, Strings: []string{"s"}}},
	})
	want := "<SendMessageBatchRequestEntry><Id>a</Id><DelaySeconds>1</DelaySeconds></SendMessageBatchRequestEntry>" +
		"<SendMessageBatchRequestEntry><Id>b</Id></SendMessageBatchRequestEntry>" +
		"<AttributeName>x</AttributeName><AttributeName>y</AttributeName>" +
		"<Attribute><Name>m</Name><Value>w</Value></Attribute><Attribute><Name>n</Name><Value>v</Value></Attribute>" +
		"<MessageAttribute><Name>k</Name><Value><BinaryValue>AP8=</BinaryValue><StringListValue>s</StringListValue></Value></MessageAttribute>"
	if diff := cmp.Diff(want, flat); diff != "" {
		t.Error(diff)
	}
	members := toXML(t, createTopic{
		Name: ptr("t"), Attributes: map[string]string{"k": "v"}, Tags: []tag{{Key: ptr("a")}}, Names: []string{"n"},
		Matrix: [][]string{{"m"}, {}}, When: ptr(shape.At(time.Unix(1700000000, 0))), Flag: ptr(true), Ratio: ptr(0.5), Owner: &tag{},
	})
	want = "<Name>t</Name><Attributes><entry><key>k</key><value>v</value></entry></Attributes><Tags><member><Key>a</Key></member></Tags>" +
		"<Names><Item>n</Item></Names><Matrix><member><member>m</member></member><member></member></Matrix>" +
		"<When>2023-11-14T22:13:20Z</When><Flag>true</Flag><Ratio>0.5</Ratio><Owner></Owner>"
	if diff := cmp.Diff(want, members); diff != "" {
		t.Error(diff)
	}
}

// Whatever text is in an answer, an XML reader gets it back, but for what XML
// cannot hold.
func FuzzXMLStrings(f *testing.F) {
	f.Add("<&>\"'\r\n\t é😀\x00\ufffe]]>")
	f.Fuzz(func(t *testing.T, s string) {
		var got struct {
			Text string `xml:",chardata"`
		}
		b := AppendLeaf(nil, "Text", s)
		if err := xml.Unmarshal(b, &got); err != nil {
			t.Fatalf("%s: %v", b, err)
		}
		want := []rune(s)
		for i, r := range want {
			if r < 0x20 && r != '\t' && r != '\n' && r != '\r' || r == 0xFFFE || r == 0xFFFF {
				want[i] = 0xFFFD
			}
		}
		if got.Text != string(want) {
			t.Errorf("got %q, want %q", got.Text, string(want))
		}
	})
}

// A form never panics, and what it decodes to can be printed as good XML.
func FuzzForm(f *testing.F) {
	f.Add("Name=t&Attributes.entry.1.key=k&Attributes.entry.1.value=v&Tags.member.1.Key=k&Matrix.member.1.member.2=x")
	f.Add("Names.Item.1=x&Names.Item.01=y&Names=&Tags.member.-1.Key=k&Tags..=x&.=&When=0&Ratio=NaN&Owner.Key=<")
	types := shape.NewCompiler(nil)
	s, err := types.Compile(reflect.TypeFor[createTopic]())
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, form string) {
		values, _ := url.ParseQuery(form) // what can be read, is
		var in createTopic
		if err := Read(values, s, reflect.ValueOf(&in).Elem()); err != nil {
			return
		}
		b, err := Append([]byte("<R>"), reflect.ValueOf(in), s)
		if err != nil {
			t.Fatal(err)
		}
		d := xml.NewDecoder(bytes.NewReader(append(b, "</R>"...)))
		for {
			if _, err := d.Token(); err == io.EOF {
				return
			} else if err != nil {
				t.Fatalf("%s: %v", b, err)
			}
		}
	})
}
