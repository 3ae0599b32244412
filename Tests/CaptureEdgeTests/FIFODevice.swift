import CALSA
import Foundation
import Testing

/// A device of ALSA that delivers what somebody writes into a FIFO, at the pace of the writer.
final class FIFODevice: Sendable {
    let path = FileManager.default.temporaryDirectory.appending(path: "capture-\(UUID())").path
    private let descriptor: CInt

    init() throws {
        try #require(mkfifo(path, 0o600) == 0)
        // For reading as well, so that opening does not wait for a reader, and the reader never sees an end.
        descriptor = Foundation.open(path, O_RDWR)
        try #require(descriptor >= 0)
    }

    deinit {
        close(descriptor)
        unlink(path)
    }

    func write(_ samples: [Int16]) {
        _ = samples.withUnsafeBytes { Foundation.write(descriptor, $0.baseAddress, $0.count) }
    }

    /// Opens the device for capture.
    func open(_ handle: inout OpaquePointer?) -> CInt {
        Self.open(
            "pcm.fifo { type file slave.pcm { type null } file \"/dev/null\" infile \"\(path)\" format raw }", as: "fifo", &handle
        )
    }

    /// Opens a device for capture that stands in a text as it would in the machine's configuration.
    static func open(_ device: String, as name: String, _ handle: inout OpaquePointer?) -> CInt {
        var configuration: OpaquePointer?
        let status = snd_config_load_string(&configuration, device, 0)
        guard status >= 0 else { return status }
        defer { snd_config_delete(configuration) }
        return snd_pcm_open_lconf(&handle, name, SND_PCM_STREAM_CAPTURE, CInt(SND_PCM_NONBLOCK), configuration)
    }
}
