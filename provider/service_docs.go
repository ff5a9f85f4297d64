package provider

// What is computed of a Service is said once, for the resource and the data source. TestServiceDocs holds both to it.
var (
	serviceDocs = map[string]string{
		"id":                      "`namespace/name`.",
		"uid":                     "The object's unique ID.",
		"generation":              "Counts the changes of the Service's specification.",
		"url":                     "Where the Service answers.",
		"latest_created_revision": "The Revision that the present template made.",
		"latest_ready_revision":   "The latest Revision that is Ready.",
		"conditions":              "Knative's conditions of the Service.",
		"traffic_status":          "The split that Knative carries out, whoever declared it.",
	}
	conditionDocs = map[string]string{
		"type":    "`Ready`, `ConfigurationsReady` or `RoutesReady`.",
		"status":  "`True`, `False` or `Unknown`.",
		"reason":  "Why, in one word.",
		"message": "Why, in a sentence.",
	}
	targetDocs = map[string]string{
		"revision_name":   "The Revision that gets the share.",
		"latest_revision": "Whether the share follows the latest Ready Revision.",
		"percent":         "The share of requests, 0–100.",
		"tag":             "The tag, if it has one.",
		"url":             "The tag's own URL.",
	}
)
