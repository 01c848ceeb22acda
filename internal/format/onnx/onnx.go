// Package onnx writes models in the ONNX format, a protocol buffer of type
// ModelProto (github.com/onnx/onnx, onnx.proto; the operators are in Operators.md
// there). The same model gives the same bytes.
package onnx

import (
	"fmt"
	"io"
	"maps"
	"slices"
)

// Versions of what is written: that of the format, and of the operators.
const (
	IRVersion = 8
	Opset     = 17
)

// Type is the type of the elements of a value.
type Type int64

// Types by their numbers in the format.
const (
	Float32 Type = 1
	Uint8   Type = 2
)

// Model is a graph and what is said of it.
type Model struct {
	Producer, Version string // the program
	Graph             Graph
	Metadata          map[string]string
}

// Graph is a list of nodes, each of which comes after those whose results it takes.
type Graph struct {
	Name            string
	Nodes           []Node
	Initialisers    []Tensor
	Inputs, Outputs []Value
}

// Node is an operation on values by name.
type Node struct {
	Name, Operator  string
	Inputs, Outputs []string
	Attributes      []Attribute
}

// Attribute is a parameter of a node. Value is an int, a float32 or a []int.
type Attribute struct {
	Name  string
	Value any
}

// Tensor is a constant, row-major. An empty Shape is a scalar.
type Tensor struct {
	Name  string
	Shape []int
	Data  []float32
}

// Value is an input or output of a graph: its first dimension is any number, by the
// name Batch, the others are Shape.
type Value struct {
	Name  string
	Type  Type
	Batch string
	Shape []int
}

// maxSize bounds a protocol buffer.
const maxSize = 1<<31 - 1

// Write writes a model.
func Write(w io.Writer, model *Model) error {
	m, err := model.encode()
	if err != nil {
		return err
	}
	if m.size > maxSize {
		return fmt.Errorf("%d bytes, more than the %d that ONNX holds in one file", m.size, maxSize)
	}
	return m.write(w)
}

// The numbers of fields, by message.
const (
	modelIRVersion, modelProducer, modelVersion, modelGraph, modelOpsets, modelMetadata = 1, 2, 3, 7, 8, 14
	opsetVersion                                                                        = 2
	graphNode, graphName, graphInitializer, graphInput, graphOutput                     = 1, 2, 5, 11, 12
	nodeInput, nodeOutput, nodeName, nodeOperator, nodeAttribute                        = 1, 2, 3, 4, 5
	attributeName, attributeFloat, attributeInt, attributeInts, attributeType           = 1, 2, 3, 8, 20
	tensorDims, tensorType, tensorName, tensorRaw                                       = 1, 2, 8, 9
	valueName, valueType                                                                = 1, 2
	typeTensor, typeElement, typeShape                                                  = 1, 1, 2
	shapeDimension, dimensionValue, dimensionName                                       = 1, 1, 2
	entryKey, entryValue                                                                = 1, 2
)

// The types of attributes.
const (
	isFloat = 1
	isInt   = 2
	isInts  = 7
)

func (model *Model) encode() (*message, error) {
	graph, err := model.Graph.encode()
	if err != nil {
		return nil, err
	}
	m := &message{}
	m.integer(modelIRVersion, IRVersion)
	m.text(modelProducer, model.Producer)
	m.text(modelVersion, model.Version)
	m.message(modelGraph, graph)
	opset := &message{}
	opset.integer(opsetVersion, Opset)
	m.message(modelOpsets, opset)
	for _, key := range slices.Sorted(maps.Keys(model.Metadata)) {
		entry := &message{}
		entry.text(entryKey, key)
		entry.text(entryValue, model.Metadata[key])
		m.message(modelMetadata, entry)
	}
	return m, nil
}

func (g *Graph) encode() (*message, error) {
	m := &message{}
	for i := range g.Nodes {
		node, err := g.Nodes[i].encode()
		if err != nil {
			return nil, fmt.Errorf("node %q: %w", g.Nodes[i].Name, err)
		}
		m.message(graphNode, node)
	}
	m.text(graphName, g.Name)
	for i := range g.Initialisers {
		tensor, err := g.Initialisers[i].encode()
		if err != nil {
			return nil, fmt.Errorf("tensor %q: %w", g.Initialisers[i].Name, err)
		}
		m.message(graphInitializer, tensor)
	}
	for _, v := range g.Inputs {
		m.message(graphInput, v.encode())
	}
	for _, v := range g.Outputs {
		m.message(graphOutput, v.encode())
	}
	return m, nil
}

func (n *Node) encode() (*message, error) {
	m := &message{}
	for _, name := range n.Inputs {
		m.text(nodeInput, name)
	}
	for _, name := range n.Outputs {
		m.text(nodeOutput, name)
	}
	m.text(nodeName, n.Name)
	m.text(nodeOperator, n.Operator)
	for _, a := range n.Attributes {
		sub := &message{}
		sub.text(attributeName, a.Name)
		switch v := a.Value.(type) {
		case int:
			sub.integer(attributeInt, int64(v))
			sub.integer(attributeType, isInt)
		case float32:
			sub.float(attributeFloat, v)
			sub.integer(attributeType, isFloat)
		case []int:
			sub.integers(attributeInts, v)
			sub.integer(attributeType, isInts)
		default:
			return nil, fmt.Errorf("attribute %q is a %T", a.Name, v)
		}
		m.message(nodeAttribute, sub)
	}
	return m, nil
}

func (t *Tensor) encode() (*message, error) {
	elements := 1
	for _, d := range t.Shape {
		elements *= d
	}
	if elements != len(t.Data) {
		return nil, fmt.Errorf("%d elements do not fill shape %v", len(t.Data), t.Shape)
	}
	m := &message{}
	m.integers(tensorDims, t.Shape)
	m.integer(tensorType, int64(Float32))
	m.text(tensorName, t.Name)
	m.floats(tensorRaw, t.Data)
	return m, nil
}

func (v *Value) encode() *message {
	shape, batch := &message{}, &message{}
	batch.text(dimensionName, v.Batch)
	shape.message(shapeDimension, batch)
	for _, d := range v.Shape {
		dimension := &message{}
		dimension.integer(dimensionValue, int64(d))
		shape.message(shapeDimension, dimension)
	}
	tensor := &message{}
	tensor.integer(typeElement, int64(v.Type))
	tensor.message(typeShape, shape)
	kind := &message{}
	kind.message(typeTensor, tensor)
	m := &message{}
	m.text(valueName, v.Name)
	m.message(valueType, kind)
	return m
}
