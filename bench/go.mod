module github.com/meada-cpu/meada-cpu/bench

go 1.26.0

require (
	github.com/meada-cpu/meada-cpu v0.0.0
	github.com/stretchr/testify v1.12.1
	golang.org/x/sys v0.50.0
	gonum.org/v1/gonum v0.17.0
)

require (
	github.com/klauspost/cpuid/v2 v2.4.2 // indirect
	go.yaml.in/yaml/v3 v3.0.5 // indirect
	golang.org/x/image v0.48.0 // indirect
)

replace github.com/meada-cpu/meada-cpu => ../
