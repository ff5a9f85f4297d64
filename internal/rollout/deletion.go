package rollout

import "fmt"

// Deletion is the name of the rule that a Service may not be deleted.
const Deletion = "deletion"

// deletion refuses to delete a Service that its policy protects.
func deletion(c *change) []Violation {
	if !c.policy.ProtectFromDeletion {
		return nil
	}
	return []Violation{{Deletion, -1, "", fmt.Sprintf("The Service %q is to be deleted.", c.old.Name),
		"The policy protects it from deletion.", "Set protectFromDeletion to false in the policy first, if it is to go."}}
}
