/// What reading one piece of foreign audio may cost at most.
public struct AudioLimits: Sendable {
    /// Seconds of decoded audio; beyond them decoding ends with `too-large`.
    public var durationSeconds: Int
    /// Milliseconds without a byte from the input or the decoder until the read fails with `idle-timeout`.
    public var idleMilliseconds: Int
    /// Processor seconds of the decoder.
    public var decoderCPUSeconds: Int
    /// Address space of the decoder in MiB.
    public var decoderMemoryMB: Int

    /// Makes limits. The defaults suit an hours-long recording: a decoder takes about 7 s of processor time for an hour of
    /// MP3 or AAC, and less than 384 MiB of address space, most of it shared libraries.
    public init(
        durationSeconds: Int = 24 * 3600, idleMilliseconds: Int = 60_000, decoderCPUSeconds: Int = 3600,
        decoderMemoryMB: Int = 1024
    ) {
        self.durationSeconds = durationSeconds
        self.idleMilliseconds = idleMilliseconds
        self.decoderCPUSeconds = decoderCPUSeconds
        self.decoderMemoryMB = decoderMemoryMB
    }
}
