public import SpeechModel

/// The numbers in an ONNX file whose initialisers are 32-bit floats that lie in it as in memory. What is something else is read as if it
/// were that, too: only who knows the file knows which of them to ask for.
public struct ONNXWeights: Sendable {
    private var tensors: [String: [Float]] = [:]
    private let path: String

    /// Field numbers of onnx.proto (https://github.com/onnx/onnx).
    private enum Field { static let graph: UInt64 = 7, initializer: UInt64 = 5, name: UInt64 = 8, rawData: UInt64 = 9 }

    /// Reads all of them.
    ///
    /// - Throws: ``ErrorCode/brokenModel``, when the file is missing, cut off, or something else.
    public init(_ path: String) throws(SpeechError) {
        self.path = path
        tensors = try ONNXFile.read(path) { bytes in
            guard ONNXFile(bytes) != nil else { return nil }
            var tensors: [String: [Float]] = [:]
            for graph in ProtobufFields(bytes) where graph.number == Field.graph {
                for initializer in ProtobufFields(graph.bytes) where initializer.number == Field.initializer {
                    let (name, numbers) = Self.tensor(initializer.bytes)
                    tensors[name] = numbers
                }
            }
            return tensors
        }
    }

    /// The numbers of the initialiser `name`, the last index running fastest.
    ///
    /// - Throws: ``ErrorCode/brokenModel``, when there is none, or it has not `count` numbers, or one of them is infinite or no number.
    public func floats(_ name: String, count: Int) throws(SpeechError) -> [Float] {
        guard let numbers = tensors[name] else { throw ONNXFile.broken(path, "it has no weights \(name)") }
        guard numbers.count == count else {
            throw ONNXFile.broken(path, "\(name) has \(numbers.count) numbers instead of \(count)")
        }
        guard numbers.allSatisfy(\.isFinite) else { throw ONNXFile.broken(path, "\(name) holds what is no number") }
        return numbers
    }

    private static func tensor(_ message: UnsafeRawBufferPointer) -> (name: String, numbers: [Float]) {
        var (name, numbers) = ("", [Float]())
        for field in ProtobufFields(message) {
            switch field.number {
            case Field.name: name = String(decoding: field.bytes, as: UTF8.self)
            case Field.rawData:
                numbers = (0..<field.bytes.count / 4).map {
                    Float(bitPattern: UInt32(littleEndian: field.bytes.loadUnaligned(fromByteOffset: $0 * 4, as: UInt32.self)))
                }
            default: break
            }
        }
        return (name, numbers)
    }
}
