# namespace/name
terraform import knative_service.hello default/hello
