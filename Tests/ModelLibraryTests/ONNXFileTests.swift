import Foundation
import ModelLibrary
import SpeechModel
import Testing

@Suite struct ONNXFileTests {
    private func read(_ bytes: [UInt8]) -> ONNXFile? { bytes.withUnsafeBytes { ONNXFile($0) } }

    @Test func `metadata, inputs and outputs are found, weights are not inputs`() throws {
        let file = try #require(read(MadeUpModel.onnx(["vocab_size": "500"], inputs: ["x", "cache"], weights: ["w"])))
        #expect(file.metadata == ["vocab_size": "500"])
        #expect(file.inputs == ["x", "cache"])
        #expect(file.outputs == ["y"])
    }

    @Test func `no part of a file is taken for the whole`() {
        let whole = MadeUpModel.onnx(["a": "b"], weights: ["w"])
        let graphEnd = MadeUpModel.onnx(weights: ["w"]).count
        // Cut where a field ends it is a smaller model, which protobuf cannot tell.
        for count in 0..<whole.count where count != graphEnd { #expect(read(Array(whole[..<count])) == nil, "\(count) bytes") }
        #expect(read(whole) != nil)
    }

    @Test(arguments: [
        [], [0x3A], [0x3A, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x7F], Array("not a model".utf8), [0xFF],
    ])
    func `other bytes are no model`(bytes: [UInt8]) { #expect(read(bytes) == nil) }

    @Test func `a file that cannot be read is told with its name`() {
        #expect(throws: SpeechError.self) { try ONNXFile("/nonexistent/model.onnx") }
        do {
            _ = try ONNXFile("/nonexistent/model.onnx")
        } catch {
            #expect(error.code == .brokenModel && error.message.contains("/nonexistent/model.onnx"))
        }
    }
}
