import Foundation
import SpeechModel
import SpeechPipeline
import Testing

@testable import AudioFiles

@Suite struct FFmpegDecoderTests {
    private func failure(_ path: String, _ settings: DecoderSettings = testSettings()) -> SpeechError? {
        #expect(throws: SpeechError.self) { try readAll(try openAudio(path: path, settings: settings)) }
    }

    /// Settings in whose search path `script` is the decoder.
    private func scripted(_ script: TestFile, limits: AudioLimits = AudioLimits()) -> DecoderSettings {
        testSettings(searchPath: script.folder + ":/usr/bin:/bin", limits: limits)
    }

    @Test(arguments: [
        "tone.flac", "tone.mp3", "tone.opus", "tone.ogg", "tone.m4a", "tone.webm", "tone.aac", "video.mp4", "alaw.wav",
        "surround.flac",
    ])
    func everyKindOfMediaBecomesSixteenKilohertzMono(name: String) throws {
        let source = try openAudio(path: fixture(name), settings: testSettings())
        #expect(source.format == (try AudioFormat(sampleRate: 16_000, channels: 1, encoding: .int16)))
        let samples = int16Samples(try readAll(source, step: 1001))
        // One second of 440 Hz; codecs add up to 100 ms of padding.
        #expect((15_900...17_700).contains(samples.count))
        let crossings = zip(samples, samples.dropFirst()).count { $0 < 0 && $1 >= 0 }
        #expect((425...470).contains(crossings))
        #expect(source.warnings.isEmpty)
        let duration = try #require(source.expectedDurationSeconds)
        #expect((0.9...1.15).contains(duration))
        #expect(try readAll(source).isEmpty, "stays at its end")
    }

    @Test func theDurationIsKnownWithTheFirstSamples() throws {
        let source = try openAudio(path: fixture("tone.flac"), settings: testSettings())
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 2, alignment: 2)
        defer { buffer.deallocate() }
        #expect(try source.read(into: buffer) == 2)
        #expect(source.expectedDurationSeconds == 1)
        source.close()
        #expect(try source.read(into: buffer) == 0)
    }

    @Test(arguments: ["tone.flac", "tone.webm", "alaw.wav"])
    func aPipeIsDecodedAsItComes(name: String) throws {
        let fifo = TestFile(fifo: ())
        let writer = open(fifo.path, O_RDWR)
        var bytes = [UInt8](repeating: 0, count: 1 << 16)
        let file = open(fixture(name), O_RDONLY)
        let count = read(file, &bytes, bytes.count)
        close(file)
        #expect(write(writer, bytes, count) == count)
        let source = try openAudio(path: fifo.path, settings: testSettings())
        close(writer)
        #expect((15_900...17_000).contains(int16Samples(try readAll(source)).count))
    }

    @Test func aFileThatMustBeRewoundCannotComeThroughAPipe() throws {
        let fifo = TestFile(fifo: ())
        let writer = open(fifo.path, O_RDWR)
        let bytes: [UInt8] = [0, 0, 0, 24] + "ftypM4A ".utf8 + [UInt8](repeating: 0, count: 12)
        #expect(write(writer, bytes, bytes.count) == bytes.count)
        close(open(fifo.path, O_RDONLY | O_NONBLOCK))
        let input = try InputFile(path: fifo.path, idleMilliseconds: 60_000, cancellation: nil)
        close(writer)
        let source = try FFmpegDecoder(input, kind: .isoMedia, settings: testSettings())
        let error = #expect(throws: SpeechError.self) { try readAll(source) }
        #expect(error?.code == .undecodableMedia)
        #expect(error?.advice.contains("save it") == true)
    }

    @Test func aNameIsNeverInterpreted() throws {
        let file = TestFile([UInt8](), name: "concat:a%d|http:b.flac")
        unlink(file.path)
        symlink(fixture("tone.flac"), file.path)
        #expect(int16Samples(try readAll(try openAudio(path: file.path, settings: testSettings()))).count == 16_000)
    }

    @Test func aVideoWithoutSoundSaysSo() {
        let error = failure(fixture("silent.mp4"))
        #expect(error?.code == .undecodableMedia)
        #expect(error?.message.contains("matches no streams") == true)
        #expect(error?.message.contains("silent.mp4") == true)
    }

    @Test func damageInsideAFileIsAWarning() throws {
        var bytes = [UInt8](repeating: 0, count: 1 << 15)
        let file = open(fixture("tone.flac"), O_RDONLY)
        bytes.removeLast(bytes.count - read(file, &bytes, bytes.count))
        close(file)
        for index in 9000..<9200 { bytes[index] ^= 0x5A }
        let damaged = TestFile(bytes)
        let source = try openAudio(path: damaged.path, settings: testSettings())
        #expect(try readAll(source).count > 10_000)
        #expect(source.warnings.count == 1)
        #expect(source.warnings.first?.contains("damaged") == true)
    }

    @Test func aFileThatOnlyBeginsLikeMediaCannotBeDecoded() {
        let error = failure(TestFile(Array("OggS is how this text begins, and it goes on as text.".utf8)).path)
        #expect(error?.code == .unreadableFile, "the file is gone with its value")
        let file = TestFile(Array("fLaC is how this text begins, and it goes on as text.".utf8))
        #expect(failure(file.path)?.code == .undecodableMedia)
    }

    @Test func aPlaylistReachesNeitherTheNetworkNorOtherFiles() throws {
        let listener = socket(AF_INET, CInt(SOCK_STREAM.rawValue) | CInt(SOCK_NONBLOCK.rawValue), 0)
        defer { close(listener) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
                #expect(bind(listener, pointer, length) == 0)
                #expect(listen(listener, 8) == 0)
                getsockname(listener, pointer, &length)
            }
        }
        let url = "http://127.0.0.1:\(UInt16(bigEndian: address.sin_port))/a.flac"
        let tone = fixture("tone.flac")
        // Playlists behind an ID3 tag pass for MP3, and ffmpeg looks behind the tag for what the file is.
        let tag = "ID3\u{3}\0\0\0\0\0\0"
        for text in [
            "#EXTM3U\n#EXTINF:1,\n\(url)\n#EXT-X-ENDLIST\n", "#EXTM3U\n#EXTINF:1,\nfile://\(tone)\n#EXT-X-ENDLIST\n",
            "ffconcat version 1.0\nfile \(url)\n", "ffconcat version 1.0\nfile \(tone)\n",
            "v=0\nc=IN IP4 127.0.0.1\nm=audio 5004 RTP/AVP 0\n",
        ] {
            let plain = TestFile(Array(text.utf8), name: "a.m3u8")
            #expect(failure(plain.path)?.code == .unsupportedAudio)
            let disguised = TestFile(Array((tag + text).utf8), name: "a.mp3")
            #expect(failure(disguised.path)?.code == .undecodableMedia)
        }
        #expect(accept(listener, nil, nil) == -1, "nobody connected")

        // Even an ffmpeg that is told to fetch cannot.
        let output = open("/dev/null", O_RDWR)
        defer { close(output) }
        let ffmpeg = try #require(testSettings().find("ffmpeg"))
        let arguments = [helper, "confine", "--", ffmpeg, "-v", "error", "-nostdin", "-i", url, "-f", "null", "-"]
        let child = try ChildProcess(arguments, searchPath: "/usr/bin", input: output, output: output, errors: output)
        #expect(try child.wait(idleMilliseconds: 60_000, cancellation: nil, name: "ffmpeg") == .exited(1))
        #expect(accept(listener, nil, nil) == -1, "nobody connected")
    }

    @Test func aMissingDecoderSaysHowToGetIt() {
        let error = failure(fixture("tone.flac"), testSettings(searchPath: "/nowhere:/proc"))
        #expect(error?.code == .missingDependency)
        #expect(error?.advice.contains("apt-get install -y ffmpeg") == true)
    }

    @Test func aMissingProgramOfOursIsNamed() {
        let error = failure(fixture("tone.flac"), DecoderSettings(selfExecutable: "/nowhere/mynah"))
        #expect(error?.code == .missingDependency)
        #expect(error?.message.contains("/nowhere/mynah") == true)
    }

    @Test func whatTheDecoderSaysOfItsFailureIsInTheError() {
        let script = TestFile(script: "#!/bin/sh\necho '[error] the disc is scratched' >&2\nexit 3\n")
        let error = failure(fixture("tone.flac"), scripted(script))
        #expect(error?.code == .undecodableMedia)
        #expect(error?.message.contains("the disc is scratched") == true)
        let silent = TestFile(script: "#!/bin/sh\nexit 3\n")
        #expect(failure(fixture("tone.flac"), scripted(silent))?.message.contains("exited(3)") == true)
    }

    @Test func aDecoderThatDeliversNothingHasFailed() {
        let script = TestFile(script: "#!/bin/sh\nexit 0\n")
        #expect(failure(fixture("tone.flac"), scripted(script))?.code == .undecodableMedia)
    }

    @Test func aDecoderThatStandsStillIsGivenUpAndKilled() throws {
        let script = TestFile(script: "#!/bin/sh\nexec sleep 1000\n")
        let settings = scripted(script, limits: AudioLimits(idleMilliseconds: 300))
        let input = try InputFile(path: fixture("tone.flac"), idleMilliseconds: 300, cancellation: nil)
        let source = try FFmpegDecoder(input, kind: .flac, settings: settings)
        let error = #expect(throws: SpeechError.self) { try readAll(source) }
        #expect(error?.code == .idleTimeout)
        #expect(kill(source.child.processID, 0) == -1)
        #expect(errno == ESRCH)
    }

    @Test func aDecoderThatClosesItsOutputAndLivesOnIsGivenUp() {
        let script = TestFile(script: "#!/bin/sh\nexec >&- 2>&-\nexec sleep 1000\n")
        let settings = scripted(script, limits: AudioLimits(idleMilliseconds: 50))
        #expect(failure(fixture("tone.flac"), settings)?.code == .idleTimeout)
    }

    @Test func aDecoderThatTakesNoMoreInputIsStillListenedTo() throws {
        let fifo = TestFile(fifo: ())
        let writer = open(fifo.path, O_RDWR)
        defer { close(writer) }
        let bytes = Array("fLaC".utf8) + [UInt8](repeating: 0, count: 4092)
        #expect(write(writer, bytes, bytes.count) == bytes.count)
        let script = TestFile(script: "#!/bin/sh\nexec <&-\nprintf '\\1\\2'\nexec sleep 1000\n")
        let source = try openAudio(path: fifo.path, settings: scripted(script, limits: AudioLimits(idleMilliseconds: 1500)))
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 64, alignment: 2)
        defer { buffer.deallocate() }
        #expect(try source.read(into: buffer) == 2)
        // Its input is closed for certain by now. What comes still must neither end this process by SIGPIPE nor be tried for ever.
        #expect(write(writer, bytes, bytes.count) == bytes.count)
        let error = #expect(throws: SpeechError.self) { try readAll(source) }
        #expect(error?.code == .idleTimeout)
    }

    @Test func moreAudioThanIsAllowedEndsTheDecoder() {
        let script = TestFile(script: "#!/bin/sh\nexec cat /dev/zero\n")
        let error = failure(fixture("tone.flac"), scripted(script, limits: AudioLimits(durationSeconds: 2)))
        #expect(error?.code == .tooLarge)
        #expect(error?.message.contains("more than 2 s") == true)
    }

    @Test func moreProcessorTimeThanIsAllowedEndsTheDecoder() {
        let script = TestFile(script: "#!/bin/sh\nwhile :; do :; done\n")
        let error = failure(fixture("tone.flac"), scripted(script, limits: AudioLimits(decoderCPUSeconds: 1)))
        #expect(error?.code == .tooLarge)
        #expect(error?.message.contains("1 s of processor time") == true)
    }

    @Test func moreMemoryThanIsAllowedIsNotGiven() {
        let error = failure(fixture("tone.flac"), testSettings(limits: AudioLimits(decoderMemoryMB: 64)))
        #expect(error?.code == .undecodableMedia)
    }

    @Test func cancellingEndsABlockedRead() throws {
        let script = TestFile(script: "#!/bin/sh\nexec sleep 1000\n")
        let cancellation = Cancellation()
        let source = try openAudio(path: fixture("tone.flac"), settings: scripted(script), cancellation: cancellation)
        // Not a task: while many tests block, those have no thread.
        Thread.detachNewThread { cancellation.cancel() }
        let error = #expect(throws: SpeechError.self) { try readAll(source) }
        #expect(error?.code == .shuttingDown)
    }
}
