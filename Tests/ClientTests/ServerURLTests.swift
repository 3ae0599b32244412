import MynahClient
import SpeechModel
import Testing

@Suite("URLs of servers")
struct ServerURLTests {
    @Test(arguments: [
        ("ws://localhost:8080/v1/asr/stream?a=b#c", "localhost", 8080, "/v1/asr/stream?a=b", "localhost:8080/v1/asr/stream?a=b"),
        ("HTTP://example.org", "example.org", 80, "/", "example.org/"),
        ("ws://[::1]:99/x", "::1", 99, "/x", "[::1]:99/x"), ("ws://[::1]", "::1", 80, "/", "[::1]/"),
        ("ws://127.0.0.1:80?q", "127.0.0.1", 80, "/?q", "127.0.0.1/?q"),
    ])
    func areTakenApart(_ text: String, _ host: String, _ port: Int, _ target: String, _ description: String) throws {
        let url = try ServerURL(text)
        #expect(url.host == host)
        #expect(url.port == port)
        #expect(url.target == target)
        #expect(url.description == description)
    }

    @Test(arguments: [
        "", "localhost:8080", "ftp://localhost", "ws://", "ws://:80", "ws://host:0", "ws://host:x", "ws://host:70000",
        "ws://me@host",
        "ws://host/a b", "ws://host/ä",
    ])
    func thatMeanNothingAreErrors(_ text: String) {
        let error = #expect(throws: SpeechError.self) { try ServerURL(text) }
        #expect(error?.code == .invalidParameter)
    }

    @Test(arguments: ["wss://example.org", "https://example.org"])
    func withTLSSayThatTheClientCannot(_ text: String) {
        let error = #expect(throws: SpeechError.self) { try ServerURL(text) }
        #expect(error?.code == .connectionFailed)
        #expect(error?.message.contains("TLS") == true)
    }
}
