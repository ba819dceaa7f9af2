// What the programs of this page may reach (README.md): null is nothing. It could be
//   {
//     https: ['api.example.com'],           // http://api.example.com/ of a program is a request of the browser to https://api.example.com/
//     tcp: ['db.example.com:5432'],         // connections through a proxy
//     proxy: 'ws://localhost:8001/',        // proxy.py, for example
//   }
export const network = null;
