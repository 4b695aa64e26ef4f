// The files of web/, as the build put them into the program.
#pragma once

namespace lacuna::report::web {

extern const char* const kPage;     ///< page.html
extern const char* const kStyle;    ///< page.css
extern const char* const kScripts;  ///< the scripts, one after another

}  // namespace lacuna::report::web
