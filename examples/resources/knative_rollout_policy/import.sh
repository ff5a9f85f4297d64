# namespace/name
terraform import knative_rollout_policy.careful default/careful
