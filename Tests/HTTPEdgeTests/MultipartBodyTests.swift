import SpeechModel
import Testing
import TranscriptFormats

@testable import HTTPEdge

@Suite struct MultipartBodyTests {
    private static let type = "multipart/form-data; boundary=xyz"

    private static func body(_ parts: [(header: String, content: String)]) -> [UInt8] {
        Array((parts.map { "--xyz\r\n\($0.header)\r\n\r\n\($0.content)\r\n" }.joined() + "--xyz--\r\n").utf8)
    }

    private static func field(_ name: String, _ value: String) -> (header: String, content: String) {
        ("Content-Disposition: form-data; name=\"\(name)\"", value)
    }

    private static let file = (
        header: "Content-Disposition: form-data; name=\"file\"; filename=\"a; b.wav\"\r\nContent-Type: audio/wav",
        content: "RIFF\r\n--xy\0"
    )

    private func form(_ parts: [(header: String, content: String)]) throws -> TranscriptionForm {
        try TranscriptionForm(MultipartBody(Self.body(parts), type: Self.type))
    }

    @Test func `parts have their bytes, whatever these are`() throws {
        let body = try MultipartBody(
            Array("before".utf8)
                + Self.body([Self.file, Self.field("model", "whisper-1"), Self.field("model", "two"), Self.field("empty", "")]),
            type: "Multipart/Form-Data; charset=utf-8; boundary=\"xyz\"")
        #expect(
            body.parts["file"].map { Array($0.content) } == Array("RIFF\r\n--xy\0".utf8) && body.parts["file"]?.isFile == true)
        #expect(body.values["model"] == ["whisper-1", "two"] && body.text("empty") == "" && body.text("none") == nil)
    }

    @Test(
        arguments: [
            "", "--xyz", "--xyz\r\n", "--xyz\r\nContent-Disposition: form-data; name=\"a\"", "--xyz\r\n\r\n--xyz--",
            "--xyz\r\n--xyz--",
            "--xyz\r\nContent-Type: a/b\r\n\r\nx\r\n--xyz--", "--xyz\r\n\r\n\r\nx\r\n--xyz--", "--xyzz", "no boundary",
        ])
    func `what is cut off or no form is refused`(text: String) {
        let error = #expect(throws: SpeechError.self) { try MultipartBody(Array(text.utf8), type: Self.type) }
        #expect(error?.code == .malformedMessage)
    }

    @Test(arguments: [
        nil, "", "application/json", "multipart/form-data", "multipart/form-data; boundary=",
        "multipart/form-data; boundary=" + String(repeating: "-", count: 71),
    ])
    func `another type is refused`(type: String?) {
        #expect(throws: SpeechError.self) { try MultipartBody(Self.body([Self.file]), type: type) }
    }

    @Test func `every cut of a body is refused, and none is worse`() throws {
        let body = Self.body([Self.file, Self.field("model", "whisper-1")])
        for length in 0..<body.count - 4 {
            #expect(throws: SpeechError.self) { try MultipartBody(Array(body[..<length]), type: Self.type) }
        }
    }

    @Test func `a form says what is wanted`() throws {
        let plain = try form([Self.file])
        #expect(plain.model == nil && plain.language == nil && plain.answer == .json && plain.withSegments && !plain.withWords)
        let full = try form([
            Self.file, Self.field("model", "commands"), Self.field("language", "de"),
            Self.field("response_format", "verbose_json"),
            Self.field("timestamp_granularities[]", "word"), Self.field("temperature", "0"),
        ])
        #expect(
            full.model == "commands" && full.language == "de" && full.answer == .detailed && full.withWords && !full.withSegments)
        #expect(try form([Self.file, Self.field("model", "gpt-4o-transcribe")]).model == nil)
        #expect(try form([Self.file, Self.field("response_format", "srt")]).answer == .written(.srt))
        for wrong in [
            [Self.field("model", "whisper-1")], [Self.file, Self.field("response_format", "xml")],
            [Self.file, Self.field("timestamp_granularities[]", "letter")], [(header: Self.file.header, content: "")],
        ] {
            let error = #expect(throws: SpeechError.self) { try form(wrong) }
            #expect(error?.code == .invalidParameter)
        }
    }
}
