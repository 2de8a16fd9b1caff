package wire

// jsonProtocol is awsJson1_0 and awsJson1_1.
type jsonProtocol struct{ name, contentType string }

func (p jsonProtocol) Name() string { return p.name }
