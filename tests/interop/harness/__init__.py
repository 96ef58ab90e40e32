"""What the interoperability cases are made of: namespaces, speakers, raw peers, waiting, and the registry of cases."""
