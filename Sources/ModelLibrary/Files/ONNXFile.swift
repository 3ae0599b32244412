public import SpeechModel
import Foundation

/// What an ONNX file says of itself, read before the native library sees it, which prints to standard error or even ends the process
/// over one that is broken.
public struct ONNXFile: Sendable {
    /// `ModelProto.metadata_props`: what the exporter noted.
    public private(set) var metadata: [String: String] = [:]
    /// Names of the graph's inputs, weights not among them.
    public private(set) var inputs: [String] = []
    /// Names of the graph's outputs.
    public private(set) var outputs: [String] = []

    /// Field numbers of onnx.proto (https://github.com/onnx/onnx).
    private enum ModelField { static let graph: UInt64 = 7, metadata: UInt64 = 14 }
    private enum GraphField { static let initializer: UInt64 = 5, input: UInt64 = 11, output: UInt64 = 12 }
    private enum TensorField { static let name: UInt64 = 8 }
    /// The name of a `ValueInfoProto`, the key of a `StringStringEntryProto`.
    private static let nameField: UInt64 = 1
    private static let valueField: UInt64 = 2
    /// What protobuf itself allows a message.
    private static let maximumBytes = 1 << 31

    /// Reads a file, without its weights.
    ///
    /// - Throws: ``ErrorCode/brokenModel``, when it is missing, cut off, or something else.
    public init(_ path: String) throws(SpeechError) {
        self = try Self.read(path) { ONNXFile($0) }
    }

    /// What `parse` makes of the file's bytes; nil is for those that are no ONNX file.
    static func read<Content>(_ path: String, _ parse: (UnsafeRawBufferPointer) -> Content?) throws(SpeechError) -> Content {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { throw broken(path, String(cString: strerror(errno))) }
        defer { close(file) }
        let size = Int(lseek(file, 0, SEEK_END))
        guard size > 0 else { throw broken(path, "it is empty") }
        guard size < maximumBytes else { throw broken(path, "it has 2 GiB or more") }
        guard let map = mmap(nil, size, PROT_READ, MAP_PRIVATE, file, 0), map != MAP_FAILED else {
            throw broken(path, String(cString: strerror(errno)))
        }
        defer { munmap(map, size) }
        guard let content = parse(UnsafeRawBufferPointer(start: map, count: size)) else {
            throw broken(path, "it is cut off, or not an ONNX file")
        }
        return content
    }

    /// nil when the bytes are not one message with a graph, neither cut off nor followed by anything.
    public init?(_ bytes: UnsafeRawBufferPointer) {
        var model = ProtobufFields(bytes)
        var hasGraph = false
        while let field = model.next() {
            switch field.number {
            case ModelField.graph:
                hasGraph = true
                guard readGraph(field.bytes) else { return nil }
            case ModelField.metadata:
                var entry = ProtobufFields(field.bytes)
                var key = "", value = ""
                while let part = entry.next() {
                    if part.number == Self.nameField { key = String(decoding: part.bytes, as: UTF8.self) }
                    if part.number == Self.valueField { value = String(decoding: part.bytes, as: UTF8.self) }
                }
                metadata[key] = value
            default: break
            }
        }
        guard hasGraph, model.isWhole else { return nil }
    }

    private mutating func readGraph(_ bytes: UnsafeRawBufferPointer) -> Bool {
        var graph = ProtobufFields(bytes)
        var weights: Set<String> = []
        while let field = graph.next() {
            switch field.number {
            case GraphField.input: inputs += [Self.text(Self.nameField, of: field.bytes)]
            case GraphField.output: outputs += [Self.text(Self.nameField, of: field.bytes)]
            case GraphField.initializer: weights.insert(Self.text(TensorField.name, of: field.bytes))
            default: break
            }
        }
        // Before version 4 of the format weights are inputs, too.
        inputs.removeAll { weights.contains($0) }
        return graph.isWhole
    }

    /// Entries of metadata as they may follow a file's end: the fields of a protobuf message are read in whatever order they come.
    static func metadataFields(_ entries: [String: String]) -> Data {
        func field(_ number: UInt64, _ content: Data) -> Data {
            var length = UInt64(content.count)
            var bytes = Data([UInt8(number << 3 | 2)])
            while length > 0x7F {
                bytes.append(UInt8(length & 0x7F | 0x80))
                length >>= 7
            }
            return bytes + [UInt8(length)] + content
        }
        return entries.sorted { $0.key < $1.key }.reduce(into: Data()) { bytes, entry in
            bytes += field(
                ModelField.metadata, field(nameField, Data(entry.key.utf8)) + field(valueField, Data(entry.value.utf8)))
        }
    }

    private static func text(_ number: UInt64, of message: UnsafeRawBufferPointer) -> String {
        var fields = ProtobufFields(message)
        while let field = fields.next() {
            if field.number == number { return String(decoding: field.bytes, as: UTF8.self) }
        }
        return ""
    }

    static func broken(_ path: String, _ reason: String) -> SpeechError {
        SpeechError(
            .brokenModel, "The model file \(path) cannot be read: \(reason).", advice: "Get it again from where it was published."
        )
    }
}
