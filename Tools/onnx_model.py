"""A model of a few nodes as ONNX, for the folders beside."""

import numpy as np
import onnx
from onnx import helper, numpy_helper


def make(name, nodes, inputs, outputs, constants, metadata):
    """Nodes are (kind, inputs, output) and perhaps a dictionary of attributes; inputs and outputs (name, type, shape); constants arrays, or
    tensors, by their names."""
    graph = helper.make_graph(
        [helper.make_node(kind, sources, [output], **dict(*options)) for kind, sources, output, *options in nodes], name,
        [helper.make_tensor_value_info(*value) for value in inputs], [helper.make_tensor_value_info(*value) for value in outputs],
        [numpy_helper.from_array(np.asarray(value), key) for key, value in constants.items()])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    for key, entry in metadata.items():
        model.metadata_props.add(key=key, value=str(entry))
    onnx.checker.check_model(model)
    return model
