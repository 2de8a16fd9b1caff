package definition

import (
	"github.com/dari-bus/dari/internal/room/restapi/mapping"
	"github.com/dari-bus/dari/internal/room/restapi/patch"
)

// What follows compiles what serving does, and says what is wrong with it. Paths and
// patterns of strangers may take tenths of a second, so that it is done for what is new
// alone, and before the store's turn.

// CheckRequestMappings says what is wrong with the mapping expressions of an integration.
func CheckRequestMappings(all map[string]string) error {
	_, err := mapping.CompileRequestParameters(all)
	return err
}

// CheckRequestChanges is [CheckRequestMappings] for those that operations put.
func CheckRequestChanges(ops []patch.Operation) error {
	return CheckRequestMappings(patch.Values(ops, "/requestParameters"))
}

// CheckResponseMappings says what is wrong with the mapping expressions of an integration
// response, and with its selection pattern, nil for none.
func CheckResponseMappings(all map[string]string, selection *string) error {
	if _, err := mapping.CompileResponseParameters(all); err != nil || selection == nil {
		return err
	}
	_, err := mapping.CompileSelection([]string{*selection})
	return err
}

// CheckResponseChanges is [CheckResponseMappings] for those that operations put.
func CheckResponseChanges(ops []patch.Operation) error {
	var selection *string
	for i := range ops {
		if ops[i].Path == "/selectionPattern" {
			selection = ops[i].Value
		}
	}
	return CheckResponseMappings(patch.Values(ops, "/responseParameters"), selection)
}

// CheckGatewayMappings says what is wrong with the mapping expressions of a gateway
// response.
func CheckGatewayMappings(all map[string]string) error {
	_, err := mapping.CompileGatewayParameters(all)
	return err
}
