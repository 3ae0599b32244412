import Assembly
import Foundation
import ModelLibrary
import MynahConfiguration
import PocketSphinxEngine
import SpeechModel
import Ports

/// One thing that the program needs of the machine.
struct DoctorCheck: Sendable {
    enum State: String, Sendable {
        /// As it should be.
        case ok
        /// Something works less well, or not at all without it, but the server does.
        case limited
        /// The server does not work without it.
        case missing
    }

    /// What was looked at.
    let name: String
    let state: State
    /// What was found.
    let detail: String
    /// How to get it; empty when it is there.
    let remedy: String

    init(_ name: String, _ state: State, _ detail: String, remedy: String = "") {
        self.name = name
        self.state = state
        self.detail = detail
        self.remedy = state == .ok ? "" : remedy
    }
}

/// Looks at everything that the program needs.
///
/// - Parameter listen: the addresses that the server is going to bind.
func doctorChecks(_ settings: Settings, models: ModelFiles, listen: [ListenAddress]) async -> [DoctorCheck] {
    libraryChecks() + [checksumCheck(models.directory)].compactMap(\.self)
        + [await recognitionCheck(settings, models), recogniserCheck(settings.stt), voiceActivityCheck(settings, models)]
        + [pagesCheck(), ffmpegCheck(), espeakCheck(), microphoneCheck()] + listen.map(portCheck)
        + [diskCheck(models.directory), memoryCheck(), processorCheck()]
}

/// The native libraries, by the names that the linker uses. Loaded, because a file that is there may still be of another machine.
private func libraryChecks() -> [DoctorCheck] {
    [
        ("PocketSphinx", "libpocketsphinx.so.5", "Scripts/setup"),
        ("ONNX Runtime", "libonnxruntime.so", "Scripts/setup"),
        ("sherpa-onnx", "libsherpa-onnx-c-api.so", "Scripts/setup"),
        ("ALSA library", "libasound.so.2", "apt-get install libasound2"),
    ].map { name, file, command in
        guard dlopen(file, RTLD_LAZY | RTLD_LOCAL) != nil else {
            return DoctorCheck(name, .missing, loadingError() ?? file, remedy: "Run `\(command)`.")
        }
        return DoctorCheck(name, .ok, loadedPath(of: file) ?? file)
    }
}

/// Where a loaded library is, from the process's memory map.
private func loadedPath(of library: String) -> String? {
    let stem = library.prefix { $0 != "." }
    return systemFile("/proc/self/maps").split(separator: "\n").lazy
        .compactMap { line in line.firstIndex(of: "/").map { String(line[$0...]) } }
        .first { $0.contains("/\(stem).so") }
}

/// Compares the models with the checksums that setup recorded; nil where there are none.
private func checksumCheck(_ directory: String) -> DoctorCheck? {
    let name = "model files"
    guard access(directory + "/SHA256SUMS", R_OK) == 0 else { return nil }
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = ["sha256sum", "--check", "--quiet", "SHA256SUMS"]
    process.currentDirectoryURL = URL(fileURLWithPath: directory)
    let output = Pipe()
    process.standardOutput = output
    process.standardError = FileHandle.nullDevice
    guard (try? process.run()) != nil else { return nil }
    let lines = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self).split(separator: "\n")
    process.waitUntilExit()
    guard process.terminationStatus != 0 else { return DoctorCheck(name, .ok, "\(directory), as setup left them") }
    // Each line is `FILE: FAILED`, with a remark when it could not be read.
    let broken = lines.map { $0.split(separator: ":").first.map(String.init) ?? String($0) }
    return DoctorCheck(
        name, .missing, "damaged in \(directory): \(broken.isEmpty ? "SHA256SUMS" : broken.prefix(3).joined(separator: ", "))",
        remedy: "Run `rm -rf .native/stamps/native && Scripts/setup`, or name a whole folder with --set models.directory=….")
}

/// Loads the recogniser's model as the server does, in a process of its own, and recognises something: a file that is there may still be
/// broken.
private func recognitionCheck(_ settings: Settings, _ models: ModelFiles) async -> DoctorCheck {
    let name = "recognition model"
    if settings.stt.engine == .openai { return await remoteCheck(settings) }
    do {
        let recognizer = try Recognition.makeRecognizer(mode: .file, settings: settings, models: models, logger: nil)
        defer { Task { await recognizer.stop() } }
        try await recognizer.start()
        guard case .neural(let model) = try RecognitionModel.choose(settings, models: models) else {
            return DoctorCheck(name, .ok, models.pocketSphinx)
        }
        do {
            _ = try ModelFolder(model.folder).inspect()
            return DoctorCheck(name, .ok, model.folder)
        } catch {
            return DoctorCheck(
                name, .limited, "\(error.message) The built-in recogniser goes on.",
                remedy: "`mynah models remove \(model.name)`, and add it again from where it was published.")
        }
    } catch {
        return missing(name, error)
    }
}

/// Whether the remote engine answers, and takes the key.
private func remoteCheck(_ settings: Settings) async -> DoctorCheck {
    let name = "remote engine"
    do throws(SpeechError) {
        try await Recognition.checkRemote(settings)
        return DoctorCheck(name, .ok, "\(settings.stt.openai.model) at \(settings.stt.openai.baseURL)")
    } catch {
        return DoctorCheck(name, error.code == .invalidConfiguration ? .missing : .limited, error.message, remedy: error.advice)
    }
}

/// Whether the recogniser has what is asked of it.
private func recogniserCheck(_ stt: Settings.STT) -> DoctorCheck {
    let unmet = Recognition.unmet(stt)
    return DoctorCheck(
        "recogniser", unmet.isEmpty ? .ok : .limited,
        unmet.isEmpty
            ? "\(stt.engine.rawValue), \(stt.device.rawValue), \(stt.computeDtype.rawValue)" : unmet.joined(separator: "; "),
        remedy: "Nothing needs to be done; to silence this, set stt.device to cpu and stt.compute_dtype to int8.")
}

private func voiceActivityCheck(_ settings: Settings, _ models: ModelFiles) -> DoctorCheck {
    let name = "voice activity model"
    do {
        _ = try Recognition.detectors(settings, models: models)
        return DoctorCheck(name, .ok, models.silero)
    } catch {
        return missing(name, error)
    }
}

private func missing(_ name: String, _ error: any Error) -> DoctorCheck {
    DoctorCheck(
        name, .missing, (error as? SpeechError)?.message ?? "\(error)",
        remedy: "Run `Scripts/setup`, or name the directory with --set models.directory=….")
}

private func pagesCheck() -> DoctorCheck {
    let name = "pages"
    do {
        return DoctorCheck(name, .ok, try Server.pages())
    } catch {
        return DoctorCheck(name, .missing, error.message, remedy: error.advice)
    }
}

private func ffmpegCheck() -> DoctorCheck { programCheck("ffmpeg", without: "only WAV files can be read") }

private func espeakCheck() -> DoctorCheck {
    programCheck("espeak-ng", without: "voices that read phonemes need a lexicon")
}

private func programCheck(_ name: String, without: String) -> DoctorCheck {
    let folders = (ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin").split(separator: ":")
    guard let path = folders.map({ (folder) -> String in "\(folder)/\(name)" }).first(where: { access($0, X_OK) == 0 }) else {
        return DoctorCheck(name, .limited, "not in PATH: \(without)", remedy: "Run `apt-get install \(name)`.")
    }
    return DoctorCheck(name, .ok, path)
}

private func microphoneCheck() -> DoctorCheck {
    let devices = systemFile("/proc/asound/pcm").split(separator: "\n").filter { $0.contains("capture") }.map { line in
        let parts = line.split(separator: ":")
        return String(parts.count > 1 ? parts[1] : line[...]).trimmingCharacters(in: .whitespaces)
    }
    guard devices.isEmpty else { return DoctorCheck("microphone", .ok, devices.joined(separator: ", ")) }
    return DoctorCheck(
        "microphone", .limited, "no ALSA capture device: `mynah listen` needs --file or --stdin",
        remedy: "Plug one in (in a container: --device /dev/snd); browsers use their own.")
}

/// Tries to bind as the server will.
private func portCheck(_ address: ListenAddress) -> DoctorCheck {
    let name = "port \(address.port)"
    var hints = addrinfo()
    hints.ai_socktype = CInt(SOCK_STREAM.rawValue)
    hints.ai_flags = AI_PASSIVE
    var list: UnsafeMutablePointer<addrinfo>?
    guard getaddrinfo(address.host, "\(address.port)", &hints, &list) == 0, let first = list?.pointee else {
        return DoctorCheck(
            name, .missing, "the name “\(address.host)” is no address of this machine", remedy: "Use an address with --listen.")
    }
    defer { freeaddrinfo(list) }
    let socket = socket(first.ai_family, first.ai_socktype | CInt(SOCK_CLOEXEC.rawValue), first.ai_protocol)
    guard socket >= 0 else {
        return DoctorCheck(name, .missing, "\(address): \(lastError())", remedy: "Use another address with --listen.")
    }
    defer { close(socket) }
    // As servers do: an earlier server's connections that linger do not keep the port.
    var reuse: CInt = 1
    setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &reuse, socklen_t(MemoryLayout<CInt>.size))
    guard bind(socket, first.ai_addr, first.ai_addrlen) == 0, Glibc.listen(socket, 1) == 0 else {
        // Most likely it is the server itself, so nothing needs to be missing.
        return DoctorCheck(
            name, errno == EADDRINUSE ? .limited : .missing, "\(address): \(lastError())",
            remedy: "If that is not Mynah itself, use another port with --listen.")
    }
    return DoctorCheck(name, .ok, "\(address) is free")
}

private func diskCheck(_ directory: String) -> DoctorCheck {
    // The directory itself may not exist yet.
    var path = directory.hasPrefix("/") ? directory : FileManager.default.currentDirectoryPath + "/" + directory
    while access(path, F_OK) != 0, let slash = path.lastIndex(of: "/"), path.count > 1 {
        path = slash == path.startIndex ? "/" : String(path[..<slash])
    }
    var status = statvfs()
    guard statvfs(path, &status) == 0 else { return DoctorCheck("disk", .limited, "\(path): \(lastError())") }
    let free = Int(clamping: UInt64(status.f_bavail) * UInt64(status.f_frsize))
    return DoctorCheck(
        "disk", free < 1 << 30 ? .limited : .ok, "\(gibibytesOrLess(free)) free at \(path)", remedy: "Free at least 1 GiB.")
}

private func memoryCheck() -> DoctorCheck {
    func kibibytes(_ key: String) -> Int {
        let line = systemFile("/proc/meminfo").split(separator: "\n").first { $0.hasPrefix(key + ":") }
        return line.flatMap { Int($0.split(separator: " ")[1]) } ?? 0
    }
    let available = kibibytes("MemAvailable") << 10
    return DoctorCheck(
        "memory", available < 512 << 20 ? .limited : .ok,
        "\(gibibytesOrLess(available)) of \(gibibytesOrLess(kibibytes("MemTotal") << 10)) available",
        remedy: "Free at least 512 MiB, or lower stt.decoders.")
}

private func processorCheck() -> DoctorCheck {
    let count = ProcessInfo.processInfo.activeProcessorCount
    return DoctorCheck(
        "processor", count < 2 ? .limited : .ok, "\(count) core\(count == 1 ? "" : "s")",
        remedy: "Give it two cores or more: captions come late when one is shared.")
}

/// A file of the kernel; empty when it is not there.
private func systemFile(_ path: String) -> String {
    // Such a file says that its size is 0 and comes in pieces, so it is read to its end.
    guard let file = FileHandle(forReadingAtPath: path), let data = try? file.readToEnd() else { return "" }
    return String(decoding: data, as: UTF8.self)
}

private func gibibytesOrLess(_ bytes: Int) -> String {
    bytes < 1 << 30 ? "\(bytes >> 20) MiB" : "\((Double(bytes) / Double(1 << 30) * 10).rounded() / 10) GiB"
}

/// Why the last library could not be loaded.
private func loadingError() -> String? { dlerror().map { String(cString: $0) } }

private func lastError() -> String { String(cString: strerror(errno)) }
