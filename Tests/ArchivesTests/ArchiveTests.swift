import Archives
import Foundation
import SpeechModel
import Testing

/// Every test has a folder of its own, with an empty `out` in it.
@Suite final class ArchiveTests {
    private let root: String
    private var archive: String { root + "/archive" }
    private var out: String { root + "/out" }

    init() throws {
        root = FileManager.default.temporaryDirectory.path + "/archives-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: root + "/out", withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: root) }

    private func unpack(
        _ entries: [MadeUpArchive.Entry], _ kind: MadeUpArchive.Kind = .tar, change: (inout ArchiveLimits) -> Void = { _ in }
    ) throws(SpeechError) {
        MadeUpArchive.write(entries, as: kind, to: archive)
        var limits = ArchiveLimits(bytes: 1 << 30)
        change(&limits)
        try Archive(archive).unpack(to: out, limits: limits)
    }

    /// Everything below the test's folder, so that nothing outside of `out` is overlooked.
    private var written: [String] {
        (FileManager.default.enumerator(atPath: root)?.compactMap { $0 as? String } ?? []).filter {
            !["out", "archive"].contains($0)
        }
        .sorted()
    }

    private func text(_ name: String) -> String? {
        FileManager.default.contents(atPath: out + "/" + name).map { String(decoding: $0, as: UTF8.self) }
    }

    // MARK: good ones

    @Test(arguments: MadeUpArchive.Kind.allCases)
    func `each kind is told by its content and unpacked`(_ kind: MadeUpArchive.Kind) throws {
        let long = String(repeating: "weights ", count: 100_000)
        try unpack([.folder("model/"), .file("model/tokens.txt"), .file("model/sub/size.onnx", long)], kind)
        #expect(try Archive(archive).isArchive)
        #expect(written == ["out/model", "out/model/sub", "out/model/sub/size.onnx", "out/model/tokens.txt"])
        #expect(text("model/tokens.txt") == "content" && text("model/sub/size.onnx") == long)
    }

    @Test func `names may begin with the folder itself, and links may lead about inside`() throws {
        try unpack([
            .folder("./"), .file("./a/model.onnx"), .symbolicLink("./b/link.onnx", to: "../a/model.onnx"),
            .hardLink("./c/same.onnx", to: "a/model.onnx"),
        ])
        #expect(text("b/link.onnx") == "content" && text("c/same.onnx") == "content")
    }

    @Test(arguments: [[], Array("<html>".utf8), [8, 7, 18, 4], Array(repeating: 7, count: 100_000)])
    func `something else is no archive`(_ bytes: [UInt8]) throws {
        try Data(bytes).write(to: URL(fileURLWithPath: archive))
        #expect(try !Archive(archive).isArchive)
        #expect(throws: SpeechError.self) { try Archive(archive).unpack(to: out, limits: ArchiveLimits(bytes: 1 << 30)) }
    }

    @Test func `a file that is not there is told`() {
        #expect { try Archive("/nonexistent").isArchive } throws: { ($0 as? SpeechError)?.code == .unreadableFile }
    }

    @Test(arguments: MadeUpArchive.Kind.allCases)
    func `one that is cut off is damaged`(_ kind: MadeUpArchive.Kind) throws {
        var generator = SystemRandomNumberGenerator()
        let noise = (0..<200_000).map { _ in UInt8.random(in: 0...255, using: &generator) }
        MadeUpArchive.write([MadeUpArchive.Entry(name: "model.onnx", content: noise)], as: kind, to: archive)
        #expect(truncate(archive, 100_000) == 0)
        #expect { try Archive(archive).unpack(to: out, limits: ArchiveLimits(bytes: 1 << 30)) } throws: {
            ($0 as? SpeechError)?.code == .brokenModel
        }
    }

    // MARK: evil ones

    @Test(arguments: [
        "../evil", "/tmp/evil", "a/../../evil", "a/..", "..", "bell\u{7}", String(repeating: "a/", count: 40) + "deep",
        String(repeating: "x", count: 256),
    ])
    func `names that lead out or are none are refused`(_ name: String) {
        #expect { try unpack([.file(name)]) } throws: { ($0 as? SpeechError)?.code == .brokenModel }
        #expect(written.isEmpty)
    }

    @Test(arguments: ["../evil", "/tmp/evil"])
    func `names in zip archives are refused, too`(_ name: String) {
        #expect { try unpack([.file(name)], .zip) } throws: { ($0 as? SpeechError)?.code == .brokenModel }
        #expect(written.isEmpty)
    }

    @Test(arguments: [S_IFCHR, S_IFBLK, S_IFIFO] as [mode_t])
    func `devices and pipes are refused`(_ type: mode_t) {
        #expect { try unpack([MadeUpArchive.Entry(name: "device", type: type)]) } throws: { "\($0)".contains("device") }
        #expect(written.isEmpty)
    }

    @Test(arguments: ["/etc/passwd", "../../etc/passwd", "..", ".", "nothing", "../out-beside"])
    func `symbolic links that lead out or to nothing are refused`(_ target: String) throws {
        try FileManager.default.createDirectory(atPath: root + "/out-beside", withIntermediateDirectories: true)
        #expect { try unpack([.symbolicLink("link", to: target)]) } throws: { ($0 as? SpeechError)?.code == .brokenModel }
    }

    @Test func `links that lead out through each other are refused`() {
        // Read from left to right it stays inside; but `deep/a/up` is the folder above `deep`.
        #expect {
            try unpack([
                .folder("deep/a"), .symbolicLink("deep/a/up", to: "../../deep"), .symbolicLink("out", to: "deep/a/up/../../.."),
            ])
        } throws: { "\($0)".contains("leads out") }
    }

    @Test func `nothing is written through a link`() {
        #expect { try unpack([.symbolicLink("sub", to: "/tmp"), .file("sub/evil-\(getpid())")]) } throws: {
            ($0 as? SpeechError)?.code == .brokenModel
        }
        #expect(!FileManager.default.fileExists(atPath: "/tmp/evil-\(getpid())"))
    }

    @Test(arguments: ["/etc/passwd", "../archive", "nothing"])
    func `hard links that lead out or to nothing are refused`(_ target: String) {
        #expect { try unpack([.hardLink("link", to: target)]) } throws: { "\($0)".contains("link") }
        #expect(written.isEmpty)
    }

    @Test func `a name is given once`() {
        #expect { try unpack([.file("model"), .file("model")]) } throws: { "\($0)".contains("two entries") }
        #expect { try unpack([.file("model"), .file("model/tokens.txt")]) } throws: { ($0 as? SpeechError)?.code == .brokenModel }
    }

    // MARK: limits

    @Test func `no more entries than may be`() {
        #expect { try unpack((0...10).map { .file("\($0)") }) { $0.entries = 10 } } throws: {
            "\($0)".contains("more than 10 entries")
        }
    }

    @Test func `no more bytes than there is room`() {
        #expect { try unpack([.file("a"), .file("b")]) { $0.bytes = 10 } } throws: {
            ($0 as? SpeechError)?.code == .unwritableFile
        }
    }

    @Test(arguments: [MadeUpArchive.Kind.gzip, .bzip2, .zip])
    func `what grows out of all measure is refused`(_ kind: MadeUpArchive.Kind) {
        let zeros = MadeUpArchive.Entry(name: "zeros", content: [UInt8](repeating: 0, count: 20 << 20))
        #expect { try unpack([zeros], kind) } throws: { "\($0)".contains("200 times") }
    }
}
