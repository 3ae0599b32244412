import Foundation
import MynahConfiguration
import SpeechModel
import Testing

/// A temporary configuration directory that is removed with the test.
final class Workspace: Sendable {
    let directory: String

    init(_ files: [String: String] = [:]) throws {
        directory = FileManager.default.temporaryDirectory.appending(path: "mynah-config-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        for (name, text) in files { try write(name, text) }
    }

    deinit { try? FileManager.default.removeItem(atPath: directory) }

    @discardableResult
    func write(_ name: String, _ text: String) throws -> String {
        let path = "\(directory)/\(name)"
        try Data(text.utf8).write(to: URL(filePath: path))
        return path
    }

    func load(_ environment: [String: String] = [:], _ flags: [Flag] = []) throws -> Configuration {
        try Configuration.load(directory: directory, environment: environment, flags: flags)
    }

    /// The faults of a configuration that must not load.
    func faults(_ environment: [String: String] = [:], _ flags: [Flag] = []) throws -> [Fault] {
        let error = try #require(throws: SpeechError.self) { try load(environment, flags) }
        #expect(error.code == .invalidConfiguration)
        let faults = try #require(error.underlying as? ConfigurationFaults).faults
        for fault in faults { #expect(error.message.contains(fault.description)) }
        return faults
    }
}

/// The faults of one `default.yaml`, with the directory taken out of the paths.
func faults(ofFile text: String, _ environment: [String: String] = [:]) throws -> [String] {
    let workspace = try Workspace(["default.yaml": text])
    return try workspace.faults(environment).map { $0.description.replacing(workspace.directory + "/", with: "") }
}

/// The configuration without files.
func load(_ environment: [String: String] = [:], _ flags: [Flag] = []) throws -> Configuration {
    let workspace = try Workspace(["default.yaml": ""])
    return try workspace.load(environment, flags)
}

/// The faults without files.
func faults(_ environment: [String: String] = [:], _ flags: [Flag] = []) throws -> [String] {
    let workspace = try Workspace(["default.yaml": ""])
    return try workspace.faults(environment, flags).map(\.description)
}
