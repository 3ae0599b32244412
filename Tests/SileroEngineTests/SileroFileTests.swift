import Foundation
import SileroEngine
import SpeechModel
import Testing

@Suite struct SileroFileTests {
    private let good: Data

    init() throws {
        good = try Data(
            contentsOf: URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
                .deletingLastPathComponent().appending(path: ".native/models/silero/silero_vad.onnx"))
    }

    /// What is said of a file with `bytes`.
    private func refusal(_ bytes: Data) throws -> String {
        let file = FileManager.default.temporaryDirectory.appending(path: "silero-\(UUID()).onnx")
        try bytes.write(to: file)
        defer { try? FileManager.default.removeItem(at: file) }
        let error = #expect(throws: SpeechError.self) { _ = try SileroNetwork(file.path) }
        #expect(error?.code == .brokenModel && error?.message.contains(file.path) == true)
        return error?.message ?? ""
    }

    @Test func `A missing file is named`() {
        let error = #expect(throws: SpeechError.self) { _ = try SileroNetwork("/nowhere/silero") }
        #expect(error?.code == .brokenModel && error?.message.contains("/nowhere/silero") == true)
    }

    @Test(arguments: [0, 7, 8, 100, 2000, 700_000])
    func `A file that is cut off is refused`(length: Int) throws { _ = try refusal(good.prefix(length)) }

    @Test func `Another network is refused by what it lacks`() throws {
        let name = "model.encoder.0.reparam_conv.bias"
        // The name is in the graph's nodes, too, which are not read.
        var bytes = good
        var from = bytes.startIndex
        while let range = bytes.range(of: Data(name.utf8), in: from..<bytes.endIndex) {
            bytes.replaceSubrange(range, with: Data(name.uppercased().utf8))
            from = range.upperBound
        }
        #expect(try refusal(bytes).contains("it has no weights \(name)"))
        let other = FileManager.default.currentDirectoryPath + "/Tests/Fixtures/models"
        let models = FileManager.default.enumerator(atPath: other)?.compactMap { $0 as? String }.filter { $0.hasSuffix(".onnx") }
        let model = try #require(models?.first)
        #expect(try refusal(Data(contentsOf: URL(fileURLWithPath: "\(other)/\(model)"))).contains("it has no weights"))
    }

    @Test func `Numbers that are none are refused`() throws {
        var bytes = good
        let range = try #require(bytes.range(of: Data("model.decoder.rnn.bias_hh".utf8), options: .backwards))
        // Behind the last time that it is named: the field's tag, its length in two bytes, the numbers.
        let first = range.upperBound + 3
        let notANumber = withUnsafeBytes(of: Float.nan.bitPattern.littleEndian) { Array($0) }
        bytes.replaceSubrange(first..<first + 4, with: notANumber)
        #expect(try refusal(bytes).contains("model.decoder.rnn.bias_hh holds what is no number"))
    }
}
