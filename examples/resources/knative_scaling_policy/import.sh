# namespace/name
terraform import knative_scaling_policy.shop default/shop
