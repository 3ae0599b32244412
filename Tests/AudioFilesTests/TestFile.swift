import Glibc
import SpeechModel
import SpeechPipeline

@testable import AudioFiles

/// A file that goes away with its value.
final class TestFile {
    let path: String

    init(_ bytes: [UInt8], name: String = "audio") {
        path = Self.unusedPath(name)
        let file = fopen(path, "w")
        fwrite(bytes, 1, bytes.count, file)
        fclose(file)
    }

    /// An executable script.
    convenience init(script: String) {
        self.init(Array(script.utf8), name: "ffmpeg")
        chmod(path, 0o755)
    }

    /// A FIFO.
    init(fifo: Void) {
        path = Self.unusedPath("fifo")
        mkfifo(path, 0o600)
    }

    deinit {
        unlink(path)
        rmdir(folder)
    }

    /// The folder, which holds nothing else.
    var folder: String { String(path[..<path.lastIndex(of: "/")!]) }

    private static func unusedPath(_ name: String) -> String {
        var template = Array("/tmp/audio-files-XXXXXX".utf8CString)
        mkdtemp(&template)
        return String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self) + "/" + name
    }
}

/// A file of the test data.
func fixture(_ name: String) -> String {
    let here = #filePath
    return here[..<here.lastIndex(of: "/")!] + "/Fixtures/" + name
}

/// The program beside the test bundle that answers `confine`.
let helper: String = {
    var buffer = [UInt8](repeating: 0, count: 4096)
    let count = readlink("/proc/self/exe", &buffer, buffer.count)
    let path = String(decoding: buffer[..<max(0, count)], as: UTF8.self)
    return path[..<path.lastIndex(of: "/")!] + "/ConfinementHelper"
}()

/// Everything that `source` delivers, in pieces of `step` bytes.
func readAll(_ source: any AudioSource, step: Int = 1 << 16) throws(SpeechError) -> [UInt8] {
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: step, alignment: 16)
    defer { buffer.deallocate() }
    var bytes: [UInt8] = []
    while true {
        let count = try source.read(into: buffer)
        if count == 0 { return bytes }
        bytes += buffer[..<count]
    }
}

/// Little-endian 16-bit samples.
func int16Samples(_ bytes: [UInt8]) -> [Int16] {
    stride(from: 0, to: bytes.count - 1, by: 2).map { Int16(bitPattern: UInt16(bytes[$0]) | UInt16(bytes[$0 + 1]) << 8) }
}

/// Little-endian 32-bit floats.
func floatSamples(_ bytes: [UInt8]) -> [Float] {
    stride(from: 0, to: bytes.count - 3, by: 4).map { start in
        Float(bitPattern: bytes[start..<(start + 4)].reversed().reduce(0) { $0 << 8 | UInt32($1) })
    }
}

/// Settings for the tests: `helper` confines.
func testSettings(searchPath: String? = nil, limits: AudioLimits = AudioLimits()) -> DecoderSettings {
    DecoderSettings(selfExecutable: helper, searchPath: searchPath, limits: limits)
}
