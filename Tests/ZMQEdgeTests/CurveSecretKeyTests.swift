import Glibc
import SpeechModel
import Testing
import ZMQEdge

@Suite("A CURVE key") struct CurveSecretKeyTests {
    // The pair of ZeroMQ's own manual (zmq_curve).
    private let secret = "D:)Q[IlAW!ahhC2ac:9*A}h:p?([4%wOTJ%JR%cs"
    private let shared = "Yne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hID"

    private func file(_ text: String, _ body: (String) throws -> Void) throws {
        var name = Array("/tmp/mynah-curve-XXXXXX".utf8CString)
        let file = mkstemp(&name)
        let path = String(decoding: name.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        defer { unlink(path) }
        #expect(write(file, text, text.utf8.count) == text.utf8.count)
        close(file)
        try body(path)
    }

    @Test("has the public key that libzmq derives from it, and stays out of descriptions")
    func derived() throws {
        let key = try CurveSecretKey(z85: Sensitive(secret))
        #expect(key.publicKey == shared)
        #expect(key.z85.exposed == secret)
        #expect(!"\(key)".contains("IlAW"))
    }

    @Test("is made anew each time")
    func made() throws {
        let (a, b) = (try CurveSecretKey.make(), try CurveSecretKey.make())
        #expect(a.z85.exposed != b.z85.exposed && a.publicKey != b.publicKey)
        #expect(a.publicKey.utf8.count == CurveSecretKey.length)
    }

    @Test("is read from a file of one line and from a certificate")
    func files() throws {
        let certificate = """
            #   ****  Generated; keep it secret  ****
            metadata
                name = "server"
            curve
                public-key = "\(shared)"
                secret-key = "\(secret)"

            """
        for text in [secret, "  \(secret)\r\n", certificate] {
            try file(text) {
                let key = try CurveSecretKey(file: $0)
                #expect(key.publicKey == shared)
            }
        }
    }

    @Test(
        "is refused with advice, and not repeated, when it is none",
        arguments: ["", "short", String(repeating: "~", count: 40), String(repeating: "#", count: 40)])
    func bad(_ text: String) throws {
        let direct = #expect(throws: SpeechError.self) { try CurveSecretKey(z85: Sensitive(text)) }
        #expect(direct?.code == .invalidConfiguration)
        try file(text) { path in
            let error = #expect(throws: SpeechError.self) { try CurveSecretKey(file: path) }
            #expect(error?.code == .invalidConfiguration && error?.message.hasPrefix(path) == true)
            #expect(text.isEmpty || error?.description.contains(text) == false)
        }
    }

    @Test("is missed when its file is not there")
    func missing() {
        let error = #expect(throws: SpeechError.self) { try CurveSecretKey(file: "/nowhere/key") }
        #expect(error?.code == .unreadableFile && error?.message.contains("/nowhere/key") == true)
    }
}
