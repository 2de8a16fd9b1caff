package queue

// The names of faults that a kind alone does not tell apart, as the door spells
// them.
const (
	codeMissing        = "MissingRequiredParameterException"
	codeContents       = "InvalidMessageContents"
	codeAttributeName  = "InvalidAttributeName"
	codeAttributeValue = "InvalidAttributeValue"
	codePurge          = "PurgeQueueInProgress"
	codeReceipt        = "ReceiptHandleIsInvalid"
	codeResource       = "ResourceNotFoundException"
)
