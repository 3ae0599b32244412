import Foundation
public import SpeechModel

/// SHA-256 of files, by the `sha256sum` of the system's core utilities.
public enum Checksums {
    /// That of one file, in hexadecimal digits.
    public static func sha256(of path: String) throws(SpeechError) -> String {
        let url = URL(fileURLWithPath: path)
        return try of([url.lastPathComponent], in: url.deletingLastPathComponent().path)[url.lastPathComponent] ?? ""
    }

    /// For each file of a folder its checksum.
    static func of(_ files: [String], in folder: String) throws(SpeechError) -> [String: String] {
        var checksums: [String: String] = [:]
        for file in files {
            // The line begins with a backslash where the name is escaped.
            let line = try run(["--binary", "--", file], in: folder).drop { $0 == "\\" }
            guard let checksum = line.split(separator: " ").first, checksum.utf8.count == 64 else {
                throw SpeechError(
                    .unreadableFile, "\(folder)/\(file) cannot be read.", advice: "Give yourself the right to read it.")
            }
            checksums[file] = String(checksum)
        }
        return checksums
    }

    /// The files that are missing or have another checksum.
    static func damaged(_ checksums: [String: String], in folder: String) throws(SpeechError) -> [String] {
        var damaged: [String] = []
        for (file, checksum) in checksums {
            let now = FileManager.default.isReadableFile(atPath: folder + "/" + file) ? try of([file], in: folder)[file] : nil
            if now != checksum { damaged.append(file) }
        }
        return damaged.sorted()
    }

    private static func run(_ arguments: [String], in folder: String) throws(SpeechError) -> String {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/sha256sum")
        process.arguments = arguments
        process.currentDirectoryURL = URL(fileURLWithPath: folder)
        let output = Pipe()
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        do {
            try process.run()
        } catch {
            throw SpeechError(
                .missingDependency, "sha256sum cannot be started.", advice: "Install the Debian package coreutils.",
                underlying: error)
        }
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        return text
    }
}
