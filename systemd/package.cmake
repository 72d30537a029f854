# What is installed beside programs, pages and examples, and the Debian package of all of it. The
# preset `package` has the prefix that a package has; the unit and the paths in the programs follow it.

install(FILES systemd/egressd.service DESTINATION lib/systemd/system)
install(FILES systemd/egressd.sysusers RENAME egressd.conf DESTINATION lib/sysusers.d)
# Where the unit looks for it, whatever the prefix.
install(FILES config/egressd.yaml DESTINATION /etc/egressd)
install(FILES LICENSE RENAME copyright DESTINATION ${CMAKE_INSTALL_DOCDIR})

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME egressd)
set(CPACK_PACKAGE_CONTACT "egressd developers <egressd@localhost>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "App Service virtual network integration on one host")
set(CPACK_PACKAGE_DESCRIPTION
  "Emulates the outbound network of Azure App Service with network namespaces: apps with their\n"
  "integration interfaces, virtual networks with security groups, routes, peerings, gateways, private\n"
  "endpoints and DNS. Real packets take the way that they would take there, and egressctl explains it.")
string(REPLACE ";" "" CPACK_PACKAGE_DESCRIPTION "${CPACK_PACKAGE_DESCRIPTION}")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_SET_DESTDIR ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION net)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_DEPENDS "systemd")
set(CPACK_DEBIAN_PACKAGE_SUGGESTS "bird2, ca-certificates")
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(debian ${PROJECT_SOURCE_DIR}/systemd/debian)
set(CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA
  ${debian}/postinst ${debian}/prerm ${debian}/postrm ${debian}/conffiles)
include(CPack)
