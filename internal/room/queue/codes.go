package queue

// The names of faults that a kind alone does not tell apart, as the door spells
// them.
const (
	CodeMissing        = "MissingRequiredParameterException"
	CodeContents       = "InvalidMessageContents"
	CodeAttributeName  = "InvalidAttributeName"
	CodeAttributeValue = "InvalidAttributeValue"
	CodePurge          = "PurgeQueueInProgress"
	CodeReceipt        = "ReceiptHandleIsInvalid"
	CodeResource       = "ResourceNotFoundException"
)
