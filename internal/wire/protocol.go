package wire

// A Protocol is one dialect of the AWS API.
type Protocol interface {
	// Name is the dialect's name, such as "awsJson1_1".
	Name() string
}
