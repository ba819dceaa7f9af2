// Runs a module in Chicory, compiled to Java byte code, which is cached in the directory CACHE:
// CACHE DIRECTORIES [HOST GUEST]... VARIABLES [NAME=VALUE]... MODULE [ARGUMENT...]
import com.dylibso.chicory.compiler.Cache;
import com.dylibso.chicory.compiler.InterpreterFallback;
import com.dylibso.chicory.compiler.MachineFactoryCompiler;
import com.dylibso.chicory.runtime.ByteArrayMemory;
import com.dylibso.chicory.runtime.ImportValues;
import com.dylibso.chicory.runtime.Instance;
import com.dylibso.chicory.wasi.WasiExitException;
import com.dylibso.chicory.wasi.WasiOptions;
import com.dylibso.chicory.wasi.WasiPreview1;
import com.dylibso.chicory.wasm.Parser;
import com.dylibso.chicory.wasm.WasmModule;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;

public class Chicory {
    static final long STACK = 1L << 30;

    public static void main(String[] args) throws Exception {
        int[] status = {134};
        // The frames of wasm lie on the Java stack, so the thread needs a large one.
        Thread thread = new Thread(null, () -> status[0] = run(args), "wasm", STACK);
        thread.start();
        thread.join();
        System.exit(status[0]);
    }

    static int run(String[] args) {
        int at = 1;
        WasiOptions.Builder options = WasiOptions.builder().inheritSystem();
        for (int n = Integer.parseInt(args[at++]); n > 0; n--, at += 2)
            options.withDirectory(args[at + 1], Path.of(args[at]));
        for (int n = Integer.parseInt(args[at++]); n > 0; n--, at++) {
            int equals = args[at].indexOf('=');
            options.withEnvironment(args[at].substring(0, equals), args[at].substring(equals + 1));
        }
        Path file = Path.of(args[at++]);
        List<String> words = new ArrayList<>(List.of(file.getFileName().toString()));
        words.addAll(List.of(args).subList(at, args.length));
        try (WasiPreview1 wasi = WasiPreview1.builder().withOptions(options.withArguments(words).build()).build()) {
            WasmModule module = Parser.parse(file);
            Instance.builder(module)
                .withMachineFactory(MachineFactoryCompiler.builder(module)
                    .withInterpreterFallback(InterpreterFallback.SILENT)
                    .withCache(new Kept(Path.of(args[0]))).compile())
                .withMemoryFactory(ByteArrayMemory::new)
                .withImportValues(ImportValues.builder().addFunction(wasi.toHostFunctions()).build())
                .build();
            return 0;
        } catch (WasiExitException exit) {
            return exit.exitCode();
        } catch (RuntimeException | StackOverflowError error) {
            System.err.println(file + ": " + error);
            return 134;
        }
    }

    record Kept(Path folder) implements Cache {
        Path path(String key) {
            return folder.resolve(key.replaceAll("[^A-Za-z0-9.-]", "_"));
        }

        public byte[] get(String key) throws IOException {
            return Files.exists(path(key)) ? Files.readAllBytes(path(key)) : null;
        }

        public void putIfAbsent(String key, byte[] bytes) throws IOException {
            Files.createDirectories(folder);
            Path part = Files.createTempFile(folder, "part", "");
            Files.write(part, bytes);
            Files.move(part, path(key), StandardCopyOption.ATOMIC_MOVE);
        }
    }
}
