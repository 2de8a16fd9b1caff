package wire

// queryProtocol is awsQuery.
type queryProtocol struct{}

func (queryProtocol) Name() string { return "awsQuery" }
