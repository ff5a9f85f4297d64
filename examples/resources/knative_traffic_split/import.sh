# namespace/service
terraform import knative_traffic_split.hello default/hello
