module github.com/tasker/tasker/examples/three_languages/go

go 1.19

require github.com/tasker/tasker/clients/go v0.0.0

require (
	github.com/google/uuid v1.6.0 // indirect
	golang.org/x/net v0.26.0 // indirect
	golang.org/x/sys v0.21.0 // indirect
	golang.org/x/text v0.16.0 // indirect
	google.golang.org/genproto/googleapis/rpc v0.0.0-20240318140521-94a12d6c2237 // indirect
	google.golang.org/grpc v1.64.1 // indirect
	google.golang.org/protobuf v1.33.0 // indirect
)

replace github.com/tasker/tasker/clients/go => ../../../clients/go
